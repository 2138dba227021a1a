// Loaded before a program: holds its main thread until the first thread that it starts has said something.
const { getEnvironmentData, isMainThread, parentPort, setEnvironmentData } = require('node:worker_threads');

const WITHIN_MS = 30_000;

if (isMainThread) {
  const said = new Int32Array(new SharedArrayBuffer(4));
  setEnvironmentData('said', said);
  process.once('worker', () => Atomics.wait(said, 0, 0, WITHIN_MS));
} else {
  const said = getEnvironmentData('said');
  const post = parentPort.postMessage;
  parentPort.postMessage = (...message) => {
    post.apply(parentPort, message);
    Atomics.store(said, 0, 1);
    Atomics.notify(said, 0);
  };
}
