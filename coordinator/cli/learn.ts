// `netsweep platforms learn HOST`: a sweep of one device that gives a platform file instead of outputs, on
// stdout or as a file that is never written over. HOST is a device of the inventory, where one is given.
import { accessSync, constants, existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Readable } from 'node:stream';
import { Purpose } from '../../proto/gen/netsweep/v1/model.js';
import { AUTO, isAuto } from '../../proto/platform.js';
import type { ReadOutput } from '../combine/result.js';
import { fallbacks, type Values } from '../config.js';
import { attend } from './attend.js';
import type { Call } from './command.js';
import { type ExitCode, UsageError } from './exit.js';
import { openLink } from './link.js';
import { findPlatform } from './platforms.js';
import { plan, resolve, type Selected, select } from './prepare.js';
import { printLines } from './print.js';
import { sweepOptions } from './run.js';
import { type LEARN, RUN } from './settings.js';
import type { View } from './views/view.js';

type LearnCall = Call<typeof LEARN>;

export async function learnPlatform(call: LearnCall): Promise<ExitCode> {
  const { args, sources, stop } = call;
  const [host = ''] = args;
  const { output } = call.values;
  checkOutput(output);
  const values = { ...fallbacks(RUN), ...call.values, retries: 0 };
  const options = { ...sweepOptions(values), purpose: Purpose.LEARN };
  const selected = await selectOne(host, values);
  const { platform: base } = values;
  // What the inventory says is what does not work yet.
  const platform = base === null || isAuto(base) ? AUTO : findPlatform(base, selected.platforms).name;
  const entries = selected.entries.map((entry) => ({ ...entry, platform, commands: [], enable: false }));
  const planned = plan({ ...selected, entries }, { commands: [], values, options });
  const credentials = await resolve({ ...selected, entries }, planned, stop);
  await using link = await openLink(values, stop);
  let text = '';
  const view = (read: ReadOutput): View => ({
    bodies: true,
    async report({ outputs }) {
      for (const one of outputs) for await (const piece of read(one)) text += piece;
    },
  });
  const code = await attend({ values, sources, stop }, link, {
    options: planned.options,
    devices: planned.devices,
    credentials,
    views: (read) => [view(read)],
    hint: () => 'nothing was learnt; --login-timeout and --idle-timeout give a slow device more time',
  });
  if (text !== '') await give(text, output);
  return code;
}

async function give(text: string, output: string | null): Promise<void> {
  if (output === null) await printLines([text.replace(/\n$/, '')]);
  else await writeFile(output, text, { flag: 'wx', mode: 0o644 });
}

/** The file's name becomes the platform's. */
function checkOutput(output: string | null): void {
  if (output === null) return;
  if (!/^[a-z0-9][a-z0-9_.-]*\.yaml$/.test(basename(output)))
    throw new UsageError(
      `--output: found ${JSON.stringify(basename(output))}, expected NAME.yaml with the platform's name in lower case`,
    );
  if (existsSync(output))
    throw new UsageError(`--output: ${output} is there already and is not written over`);
  const directory = dirname(output);
  try {
    accessSync(directory, constants.W_OK);
  } catch {
    throw new UsageError(`--output: ${directory} is not there, or can't be written to`);
  }
}

/** HOST as the inventory has it; without an inventory HOST itself. */
function selectOne(host: string, values: Values<typeof RUN> & Values<typeof LEARN>): Promise<Selected> {
  if (values.inventory.length > 0) return select({ ...values, hosts: [host] });
  const device = { name: host, host, ...(values.port === null ? {} : { port: values.port }) };
  return select({ ...values, inventory: ['-'] }, null, Readable.from([JSON.stringify([device])]));
}
