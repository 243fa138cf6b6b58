import './theme/csp.ts';
import './theme/tokens.css';
import './theme/fonts.ts';
import './theme/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { trackFocus } from './components/focus-return.ts';
import { Guard } from './components/guard.tsx';
import { TouchPrompt } from './components/tokens/touch-prompt.tsx';
import { useApplication } from './stores/application.ts';
import { followMachine } from './stores/machine.ts';

// A file dropped beside a drop target must not replace the page.
for (const name of ['dragover', 'drop']) window.addEventListener(name, event => event.preventDefault());

trackFocus();
followMachine();
void useApplication.getState().load();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Guard>
        <App />
        <TouchPrompt />
      </Guard>
    </StrictMode>,
  );
}
