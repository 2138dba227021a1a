// What the limited threads of the tests do, in a file of its own because a thread can't load TypeScript.
import { serveTasks } from '../../dist/coordinator/limited/serving.js';

let performed = 0;

serveTasks(({ kind, pattern, flags, text, value }) => {
  performed++;
  switch (kind) {
    case 'match':
      return new RegExp(pattern, flags).test(text);
    case 'echo':
      return value;
    case 'count':
      return performed;
    case 'allocate':
      for (const kept = []; ; ) kept.push({ more: Math.random() });
    case 'loop':
      for (;;);
    case 'throw':
      throw new RangeError('no such thing');
    case 'exit':
      process.exit(3);
  }
});
