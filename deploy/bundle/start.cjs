// Starts a bundled program. Each chunk is compiled with what V8 kept of it when the bundle was made, where version
// and flags of this Node are the same; else as if there were nothing. It stands beside the chunks in dist/bundle.
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, join } = require('node:path');
const { cachedDataVersionTag, setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

/**
 * A function runs seven times as long as usual before V8 optimizes it; workers have a budget of their own. Here, because
 * flags that change later make what V8 kept worthless. A V8 later than Node 20's has no such flag, and says so on stderr.
 */
const hasBudget = Number.parseInt(process.versions.v8, 10) < 12;
if (hasBudget && !process.execArgv.some((flag) => flag.startsWith('--interrupt-budget=')))
  setFlagsFromString('--interrupt-budget=500000');

/** A user's pattern that goes back and forth without end is matched in linear time; threads can't be started with it. */
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');

/**
 * By how many percent the heap grows before V8 looks through it. A client's inventory lives as long as it does: a third
 * less memory, for a twentieth of the CPU. An agent's small heap, left to V8, would be looked through once a second.
 * A coordinator begins small and sets the rest itself (coordinator/heap.ts).
 */
const GROWTH = { 'netsweep.js': 50, 'agent.js': 300 };
const COORDINATOR_GROWTH = 200;
const COORDINATORS = ['serve', 'private-coordinator'];
/** Ends as soon as an inventory is read, all of which it keeps until then. */
const SHORT_LIVED = ['inventory'];
const SHORT_LIVED_GROWTH = 300;

/** What is no chunk: Node's own modules, and packages with native parts. */
const outside = createRequire(__filename);
/** How what V8 kept of a chunk is named: after the version of V8 and the flags of this process. */
let kept = '';
const chunks = new Map();

function need(name) {
  return name.startsWith('./') ? chunk(join(__dirname, name)) : outside(name);
}

function chunk(file) {
  const known = chunks.get(file);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  chunks.set(file, module);
  // The bundle is ASCII throughout, and as such a string that V8 need not widen.
  const words = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`;
  const script = new Script(words, { filename: file, cachedData: readOrNone(`${file}${kept}`) });
  script.runInThisContext().call(module.exports, module.exports, need, module, file, dirname(file));
  return module.exports;
}

function readOrNone(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined; // made by another Node, or for other flags
  }
}

function growthOf(program, command) {
  if (COORDINATORS.includes(command)) return COORDINATOR_GROWTH;
  return SHORT_LIVED.includes(command) ? SHORT_LIVED_GROWTH : GROWTH[program];
}

exports.start = (program) => {
  const growth = growthOf(program, process.argv[2]);
  if (growth !== undefined) {
    setFlagsFromString(`--heap-growing-percent=${growth}`);
    // Helpers of the collector are woken for less than it takes to wake them.
    setFlagsFromString('--no-parallel-scavenge');
  }
  kept = `.${cachedDataVersionTag().toString(16)}.kept`;
  chunk(join(__dirname, program));
};
