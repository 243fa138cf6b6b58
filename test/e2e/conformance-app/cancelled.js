document.documentElement.dataset.cancelled = 'ran';
