// Bundled, since the machine is offline. Only the upright faces are used.
import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
