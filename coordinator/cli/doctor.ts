// `netsweep doctor`: whether all is as it should be, here, at the coordinator and at its agents; and from where a
// device is reached. Each look is an entry of a list in coordinator/doctor/.
import { type Diagnosis, Judgement } from '../../proto/gen/netsweep/v1/sweeps.js';
import { type ConfigFile, findConfigFile, readConfigFile } from '../config.js';
import { fail } from '../doctor/check.js';
import { diagnoseHost } from '../doctor/here.js';
import { version } from '../version.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode } from './exit.js';
import { openLink } from './link.js';
import { printLines } from './print.js';
import { ask } from './rpc.js';
import { CONFIG_KEYS, type DOCTOR } from './settings.js';
import { tlsFiles } from './tlsfiles.js';

const WORDS = { ok: 'ok', warn: 'warn', fail: 'FAIL' } as const;
type Word = keyof typeof WORDS;

export async function seeDoctor(call: Call<typeof DOCTOR>): Promise<ExitCode> {
  const { values, args } = call;
  if (values.auditLog) return (await import('./auditlogcheck.js')).checkAuditLogs(call);
  const found = [...(await here(call)), ...(await there(call))];
  const [device] = args;
  if (device !== undefined) found.push(...(await (await import('./reach.js')).reach(device, call)));
  await printLines(
    values.json ? [JSON.stringify(found.map(object), null, 2)] : lines(found, values.verbose > 0),
  );
  return found.some(({ judgement }) => judgement === Judgement.FAIL) ? EXIT.failures : EXIT.ok;
}

function here({ values }: Call<typeof DOCTOR>): Promise<Diagnosis[]> {
  const { coordinator, state } = values;
  return diagnoseHost({
    version: version(),
    state: coordinator === null ? state : null,
    tls: tlsFiles(values),
    config: configured(),
    nowMs: Date.now(),
  });
}

/** By the coordinator itself. One that can't be reached is what is wrong. */
async function there({ values, stop }: Call<typeof DOCTOR>): Promise<Diagnosis[]> {
  try {
    await using link = await openLink(values, stop);
    return (await ask(link.sweeps.diagnose.bind(link.sweeps), {})).found;
  } catch (error) {
    stop.throwIfAborted();
    const verdict = fail(
      error instanceof Error ? error.message : String(error),
      'start it (netsweep serve), or name the one that runs with --coordinator',
    );
    return [{ name: 'coordinator', advice: '', ...verdict }];
  }
}

function configured(): ConfigFile {
  const path = findConfigFile(process.env);
  return path === null ? new Map() : readConfigFile(path, CONFIG_KEYS);
}

/** What is wrong with what to do about it; the rest in one line, or all of it. */
function lines(found: Diagnosis[], all: boolean): string[] {
  const well = found.filter(({ judgement }) => judgement === Judgement.OK);
  const shown = all ? found : found.filter(({ judgement }) => judgement !== Judgement.OK);
  const printed = shown.flatMap((one) => [
    `${WORDS[word(one)].padEnd(4)}  ${one.name}: ${one.found}`,
    ...(one.advice === '' ? [] : [`      -> ${one.advice}`]),
  ]);
  const others = found.length - well.length;
  return [
    ...printed,
    `${well.length} looks found nothing wrong, ${others} found something${all ? '' : '; -v shows all'}`,
  ];
}

function word({ judgement }: Diagnosis): Word {
  if (judgement === Judgement.FAIL) return 'fail';
  return judgement === Judgement.OK ? 'ok' : 'warn';
}

function object(one: Diagnosis) {
  return { name: one.name, verdict: word(one), found: one.found, advice: one.advice || null };
}
