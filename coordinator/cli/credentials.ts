// `netsweep credentials ...`: which logins were used, which are stopped, and letting one go on.
import type { CredentialState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { isoTime } from '../combine/result.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { openLink } from './link.js';
import { printLines, printTable } from './print.js';
import { ask } from './rpc.js';
import type { CONNECTION, TABLE } from './settings.js';

export async function listCredentials({
  values,
  stop,
}: Call<typeof TABLE & typeof CONNECTION>): Promise<ExitCode> {
  await using link = await openLink(values, stop);
  const { credentials } = await ask(link.sweeps.listCredentials.bind(link.sweeps), {});
  await printTable(credentials, {
    json: values.json,
    columns: [
      { title: 'NAME', cell: ({ name }) => name },
      { title: 'USER', cell: ({ username }) => username },
      { title: 'STATE', cell: ({ stopped }) => (stopped ? 'stopped' : 'in use') },
      { title: 'REFUSALS', cell: ({ refusals }) => String(refusals), right: true },
      { title: 'CHANGED', cell: ({ changedAtMs }) => isoTime(changedAtMs) ?? '-' },
      { title: 'ID', cell: ({ id }) => id },
    ],
    object: credentialObject,
  });
  return EXIT.ok;
}

export async function releaseCredential({ args, values, stop }: Call<typeof CONNECTION>): Promise<ExitCode> {
  await using link = await openLink(values, stop);
  const name = args[0] ?? '';
  const { released } = await ask(link.sweeps.releaseCredential.bind(link.sweeps), { name });
  if (released === 0)
    throw new UsageError(`no credential is called "${name}" (netsweep credentials list shows them)`);
  await printLines([`${name}: released`]);
  return EXIT.ok;
}

function credentialObject({ id, name, username, stopped, refusals, changedAtMs }: CredentialState) {
  return { id, name, username, stopped, refusals, changedAt: isoTime(changedAtMs) };
}
