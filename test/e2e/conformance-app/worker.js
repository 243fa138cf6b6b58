fetch('https://elsewhere.example/from-worker').then(
  () => postMessage('reached'),
  () => postMessage('refused'),
);
