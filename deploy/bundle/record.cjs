// Stands in for start.cjs while the bundle is made: whatever program is run keeps, when it ends, what V8 compiled of
// each chunk until then. A file says which processes have not got that far.
const { renameSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { cachedDataVersionTag } = require('node:v8');
const vm = require('node:vm');
const { isMainThread, threadId } = require('node:worker_threads');

/** A thread is ended without a word to it. */
const THREAD_KEEPS_EVERY_MS = 100;
const scripts = [];
let flags = null;

vm.Script = class extends vm.Script {
  constructor(words, options) {
    super(words, options);
    flags ??= cachedDataVersionTag();
    scripts.push({ script: this, file: options.filename });
  }
};

function keep() {
  if (cachedDataVersionTag() !== flags) writeFileSync(join(__dirname, 'changed'), '');
  for (const { script, file } of scripts) {
    const kept = `${file}.${flags.toString(16)}.kept`;
    const own = `${kept}.${process.pid}-${threadId}`;
    writeFileSync(own, script.createCachedData());
    renameSync(own, kept);
  }
}

if (isMainThread) {
  const running = join(__dirname, `${process.pid}.running`);
  writeFileSync(running, '');
  process.on('exit', () => {
    keep();
    rmSync(running, { force: true });
  });
} else setInterval(keep, THREAD_KEEPS_EVERY_MS).unref();

exports.start = require('./plain.cjs').start;
