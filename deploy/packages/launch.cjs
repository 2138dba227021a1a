#!/usr/bin/env node
// In words that any Node understands, so that one which is too old can say so.
var found = process.versions.node.split('.').map(Number);
if (found[0] < 20 || (found[0] === 20 && found[1] < 19)) {
  console.error(
    'PROGRAM: it takes Node 20.19 or newer, and ' +
      process.execPath +
      ' is ' +
      process.version +
      ' (name another one in NETSWEEP_NODE, or put it first on PATH)',
  );
  process.exit(2);
}
require('../dist/bundle/start.cjs').start('CHUNK');
