import { test } from 'vitest';
import { loadRecordings } from '../agent/recording.ts';
import { replay, sizeOf } from '../agent/replay.ts';
test('t', async () => {
  const all = loadRecordings();
  for (const k of [1, 10, 40]) {
  const b = performance.now(); const cpu = process.cpuUsage();
  let immediates = 0; let on = true; const spin = () => { immediates++; if (on) setImmediate(spin); };
  if (process.env.SPIN) spin();
  await Promise.all(all.flatMap((r) => Array.from({ length: k }, async () => { const cut = Math.floor(Math.random() * sizeOf(r)); await replay(r, { cut, lingerMs: 0 }).catch(() => {});  })));
  on = false;
  const c = process.cpuUsage(cpu);
  console.log(all.length * k, 'wall', Math.round(performance.now() - b), 'cpu', (c.user + c.system) / 1000, immediates);
  }
}, 100000);
