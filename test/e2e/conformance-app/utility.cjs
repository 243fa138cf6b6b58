const [mode, ...rest] = process.argv.slice(2);
if (mode === 'exit') process.exit(Number(rest[0]));
process.parentPort.on('message', ({ data, ports }) => {
  process.parentPort.postMessage({
    data,
    type: `${Object.prototype.toString.call(data.bytes)} ${data.bytes?.constructor?.name}`,
    ports: ports.length,
    pid: process.pid,
    mode,
    processType: process.type,
  });
});
process.parentPort.postMessage({ hello: mode, map: new Map([['one', 1n]]) });
