// The process in which one station is timed: `node main.js STATION` prints a line of JSON for each measurement.
import { fold } from './fold.ts';
import { type Station, time } from './harness.ts';
import { intake } from './intake.ts';
import { inventory } from './inventory.ts';
import { ipc } from './ipc.ts';
import { reader } from './reader.ts';
import { record } from './record.ts';
import { store } from './store.ts';

export const STATIONS: Record<string, Station> = { reader, record, ipc, intake, store, fold, inventory };

const [name = ''] = process.argv.slice(2);
const station = STATIONS[name];
if (station === undefined) throw new Error(`no station "${name}"`);
for await (const micro of station()) console.log(JSON.stringify(await time(micro)));
