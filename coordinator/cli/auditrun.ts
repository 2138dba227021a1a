// `netsweep audit run`: policies and inventory to one sweep with the commands that the rules need, judged as it comes
// in; or with --from an earlier sweep judged by what it brought.
import type { Report } from '../../proto/gen/netsweep/v1/model.js';
import { bookOf } from '../audit/book.js';
import { NO_INVENTORY } from '../audit/fieldtext.js';
import type { Policy } from '../audit/policy.js';
import { type Audited, auditedOf, isAsked } from '../audit/scopes.js';
import { SEVERITIES } from '../audit/verdict.js';
import { platformOf } from '../combine/result.js';
import { Tally, tolerated } from '../combine/tally.js';
import type { Values } from '../config.js';
import { entryOf } from '../inventory/entry.js';
import { type Entry, InputError } from '../inventory/inventory.js';
import { limitFields } from '../inventory/select.js';
import { count } from '../inventory/wording.js';
import { auditNotice } from '../notices/audit.js';
import type { Destination } from '../notices/destination.js';
import { attend } from './attend.js';
import { policiesOf, templatesOf } from './audit.js';
import { keepAudit, lineOf } from './auditkeep.js';
import { AuditView } from './auditview.js';
import { bodyReader } from './body.js';
import { Changes } from './changes.js';
import type { Call } from './command.js';
import { decide, EXIT, type ExitCode, UsageError } from './exit.js';
import { finished } from './follow.js';
import { keepBy } from './keep.js';
import { findSweep, linkOptions, openLink, patienceWith } from './link.js';
import { destinationsOf, tell } from './notify.js';
import { checkFile, Screen } from './output.js';
import { printPlan } from './planview.js';
import { openPlatforms } from './platforms.js';
import { plan, resolve, type Selected, select } from './prepare.js';
import { printLines, terminalColumns } from './print.js';
import { confirm, sweepOptions } from './run.js';
import type { AUDIT_RUN, RUN } from './settings.js';
import { harmlessLine } from './terminal.js';

type AuditRunCall = Call<typeof AUDIT_RUN>;
type AuditRunValues = Values<typeof AUDIT_RUN>;

/** What `run` can do and an audit does not. */
const NOT_HERE = {
  ...{
    format: null,
    map: false,
    mask: false,
    fold: false,
    diff: false,
    oneLine: false,
    tree: null,
    sessionLog: null,
  },
  ...{ detach: false, parse: false, rerun: null, failed: false, kind: [], allowWrites: false },
  ...{ canary: null, batch: null, parse: false, templates: null },
};

export async function runAudit(call: AuditRunCall): Promise<ExitCode> {
  const { values } = call;
  const names = values.policy.flat();
  if (names.length === 0)
    throw new UsageError('no policy (expected -p POLICY; netsweep audit list shows those that ship)');
  if (values.report !== null) checkFile('--report', values.report);
  const policies = policiesOf(names, values);
  const destinations = await destinationsOf(values.notify);
  return values.from === null
    ? await auditSweep(call, policies, destinations)
    : await auditEarlier(call, policies, { from: values.from, destinations });
}

async function auditSweep(
  call: AuditRunCall,
  policies: readonly Policy[],
  destinations: readonly Destination[],
): Promise<ExitCode> {
  const { stop } = call;
  const values = runValues(call.values);
  const selected = await select(values);
  for (const warning of selected.warnings) process.stderr.write(`${harmlessLine(warning)}\n`);
  const book = bookOf(policies, Date.now());
  const audited = auditedOf(policies, book, selected.entries);
  const { places, asked } = askedOf(selected, audited);
  if (values.listHosts) return print(asked.entries.map(({ name }) => name));
  const planned = plan(asked, { commands: [], values, options: sweepOptions(values) });
  for (const [at, device] of planned.devices.entries())
    device.foundCommands = audited[places[at] ?? -1]?.found ?? [];
  const frame = { selected: asked, values };
  if (values.check) return print(printPlan(planned, frame, call.values.format, terminalColumns()));
  await confirm(values, planned.devices.length);
  const credentials = await resolve(asked, planned, stop);
  await using link = await openLink(values, stop, values.isolation, keepBy(values));
  const { format, report } = call.values;
  // By name: a sweep that is taken up again may have been planned by an inventory that has changed since.
  const byName = new Map(asked.entries.map(({ name }, at) => [name, places[at]]));
  const placeOf = ({ device }: Report) => byName.get(device?.name ?? '');
  const templates = templatesOf(policies, call.values.templates);
  const line = lineOf(policies, values);
  await using view = new AuditView({
    book,
    audited,
    platforms: selected.platforms,
    format,
    report,
    keep: (settled) => keepAudit(link, settled, policies, line),
    templates,
    changes: new Changes(link, selected.platforms),
    placeOf,
  });
  const code = await attend({ values, stop, sources: call.sources }, link, {
    options: planned.options,
    devices: planned.devices,
    credentials,
    views: (read, screen) => [view.showOn(screen, read)],
    hint: (sweep) =>
      `what came back is kept: netsweep audit run --from ${sweep}${linkOptions(values, call.sources)} -p ...`,
  });
  return notified(judged(code, view, call.values), view, destinations, new Screen(values));
}

/** The devices that a rule needs a command of, and their places among the audited. */
function askedOf(selected: Selected, audited: readonly Audited[]): { places: number[]; asked: Selected } {
  const meant = audited.filter(({ rules }) => rules.length > 0).length;
  if (meant === 0)
    throw new InputError([
      {
        at: null,
        message: `no rule is for any of ${count(audited.length, 'device')} (expected policies whose devices are among those selected)`,
      },
    ]);
  if (meant < audited.length)
    process.stderr.write(`no rule is for ${count(audited.length - meant, 'device')} of ${audited.length}\n`);
  const places = [...audited].flatMap((one, place) => (isAsked(one) ? [place] : []));
  const entries = places.flatMap((place) => {
    const entry = selected.entries[place];
    return entry === undefined ? [] : [{ ...entry, commands: audited[place]?.commands ?? [] }];
  });
  return { places, asked: { ...selected, entries } };
}

/** Outputs of a sweep that has been: no device is touched. */
async function auditEarlier(
  call: AuditRunCall,
  policies: readonly Policy[],
  { from, destinations }: { from: string; destinations: readonly Destination[] },
): Promise<ExitCode> {
  const { stop, values } = call;
  await using link = await openLink(values, stop);
  const sweep = await findSweep(link, from);
  const screen = new Screen(values);
  const patience = patienceWith(link, values, screen.progress);
  const results = (bodies: boolean) => finished(link, { sweep: sweep.id, bodies }, stop, patience);
  const swept: Entry[] = [];
  for await (const report of results(false)) swept.push(entryFrom(report));
  const withoutInventory = values.inventory.length === 0;
  if (withoutInventory) refuseUnknownFields(policies);
  const entries = withoutInventory ? swept : await withFields(swept, values);
  const book = bookOf(policies, Date.now());
  const audited = auditedOf(policies, book, entries);
  const places = new Map(entries.map(({ name }, place) => [name, place]));
  const platforms = openPlatforms(values);
  const placeOf = ({ device }: Report) => places.get(device?.name ?? '');
  const templates = templatesOf(policies, values.templates);
  await using view = new AuditView({
    book,
    audited,
    platforms,
    format: values.format,
    report: values.report,
    keep: null,
    templates,
    changes: new Changes(link, platforms),
    placeOf,
  });
  view.showOn(screen, bodyReader(link, stop, patience));
  const tally = new Tally();
  for await (const report of results(true)) {
    if (placeOf(report) === undefined) continue;
    tally.add(report);
    await view.report(report);
  }
  await view.end(sweep);
  await screen.sink.end();
  const { left } = tolerated(tally, values.tolerate);
  const code = judged(left > 0 ? EXIT.failures : EXIT.ok, view, values);
  return notified(code, view, destinations, screen);
}

/** What a sweep keeps of a device, as limits name it. */
const KEPT_FIELDS = ['name', 'host', 'port', 'platform', 'segment', 'site', 'groups'];

/** A policy whose devices can't be told apart is not for none. */
function refuseUnknownFields(policies: readonly Policy[]): void {
  for (const { name, devices, rules, waivers } of policies)
    for (const { limit, directory } of [devices, ...[...rules, ...waivers].map((one) => one.devices)]) {
      const unknown = limit === null ? [] : limitFields(limit, directory);
      const field = unknown.find((one) => !KEPT_FIELDS.includes(one));
      if (field !== undefined)
        throw new UsageError(
          `policy ${name} is for devices by their field ${field}, which a sweep does not keep (expected -i, the inventory)`,
        );
    }
}

/** The inventory's fields for the devices of a sweep, as far as both have them. */
async function withFields(swept: readonly Entry[], values: AuditRunValues): Promise<Entry[]> {
  const selected = await select(runValues(values));
  const platforms = new Map(swept.map(({ name, platform }) => [name, platform]));
  return selected.entries
    .filter(({ name }) => platforms.has(name))
    .map((entry) => ({ ...entry, platform: platforms.get(entry.name) ?? entry.platform }));
}

function entryFrom(report: Report): Entry {
  const { device } = report;
  const { name = '', host = '', groups = [], segment = '', site = '', port = 22 } = device ?? {};
  const at = { file: '', line: 1, column: 1 };
  const entry = entryOf(
    { name, host, groups, at },
    { fields: { platform: platformOf(report), segment, site, port } },
  );
  return { ...entry, data: { [NO_INVENTORY]: true } };
}

function judged(code: ExitCode, { audit: { tally } }: AuditView, { failOn }: AuditRunValues): ExitCode {
  return decide([code, ...(tally.wrong(failOn ?? SEVERITIES[0]) > 0 ? [EXIT.findings] : [])]);
}

async function notified(
  code: ExitCode,
  { outcome }: AuditView,
  destinations: readonly Destination[],
  { progress }: Screen,
): Promise<ExitCode> {
  if (outcome === null || destinations.length === 0) return code;
  const {
    settled: { atMs, sweep, book, tally },
    past,
  } = outcome;
  const { counts, devices } = tally;
  const notice = auditNotice({ atMs, sweep, policies: book.policies, devices, counts }, past);
  return (await tell(destinations, notice, progress)) ? code : decide([code, EXIT.failures]);
}

function runValues(values: AuditRunValues): Values<typeof RUN> {
  return { ...values, ...NOT_HERE };
}

async function print(lines: string[]): Promise<ExitCode> {
  await printLines(lines);
  return EXIT.ok;
}
