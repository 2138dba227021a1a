// Certificates of a NATS of our own: made anew in time, taken up by real servers that run, and told of until they are.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { natsCertificates } from '../../coordinator/doctor/nats.ts';
import { machine } from '../../coordinator/host.ts';
import { Authority } from '../../coordinator/identity/authority.ts';
import { authorityIn } from '../../coordinator/identity/init.ts';
import { NatsRenewal } from '../../coordinator/identity/natsrenewal.ts';
import { shownBy } from '../../coordinator/sweep/natsshown.ts';
import { Judgement } from '../../proto/gen/netsweep/v1/sweeps.ts';
import { startOwnNats } from '../ownnats.ts';
import { Place } from '../place.ts';
import { until } from '../process.ts';

const DAY_MS = 86_400_000;

test.each([1, 3])(
  'of %i servers each shows its new certificate when it is told to, and the doctor sees it',
  async (count) => {
    await using place = await Place.open();
    const directory = place.folder;
    const authority = await Authority.make(authorityIn(directory), 'netsweep test', [
      'localhost',
      '127.0.0.1',
    ]);
    const tls = authority.files;
    await using nats = await startOwnNats({ directory, servers: count, authority });
    for (const { name, tls: files } of nats.files) {
      const key = readFileSync(files.key, 'utf8');
      const { cert } = await authority.serverPair(name, ['127.0.0.1', 'localhost'], Date.now() + 60_000, key);
      writeFileSync(files.cert, cert);
    }
    const keys = nats.files.map(({ tls: { key } }) => readFileSync(key, 'utf8'));
    await nats.reload();
    const ends = async () => (await shownBy(nats.urls, tls)).map(({ toMs }) => toMs);
    await until('they show what ends soon', async () =>
      (await ends()).every((end) => end < Date.now() + DAY_MS),
    );

    const warnings: string[] = [];
    using renewal = NatsRenewal.open({
      ...{ directory, authority, servers: nats.urls, tls, host: machine },
      warn: (_error, what) => warnings.push(what),
    });
    await until('all is said', () => warnings.length === 2 * count);
    const [first] = nats.files;
    expect(warnings[0]).toBe(
      `nats-1 has a new certificate in ${first?.folder}: bring it to its host, then nats-server --signal reload there`,
    );
    expect(warnings.at(-1)).toContain('shows a certificate that ends on');
    const judged = () => natsCertificates({ certificates: renewal.shown }, Date.now());
    expect(judged().map(({ judgement }) => judgement)).toEqual(Array(count).fill(Judgement.WARN));

    await nats.reload();
    await until('they show the new ones', async () =>
      (await ends()).every((end) => end > Date.now() + 800 * DAY_MS),
    );
    await renewal.look();
    expect(judged().map(({ judgement }) => judgement)).toEqual(Array(count).fill(Judgement.OK));
    expect(nats.files.map(({ tls: { key } }) => readFileSync(key, 'utf8'))).toEqual(keys);
    expect(warnings).toHaveLength(2 * count);
  },
  60_000,
);
