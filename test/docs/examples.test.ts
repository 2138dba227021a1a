// Every example of README.md and docs/*.md is run as it stands there. A page joins by being there; its fenced blocks are
//
//     ```yaml lab.yaml      a file, for the commands of its page (`~/` is the page's own home). An inventory is read, a
//                           policy and a platform are checked, `netsweep.yaml` is read. Kinds: `vault` (sealed first),
//                           `executable`, `part` (of an inventory: a device that is in all of its groups is added),
//                           `agent` (of an agent, which is started with it)
//     ```sh                 commands, run one by one in the order of the page. They have to end with 0, or as ENDS says
//     ```console            `$ COMMAND` and below it what it prints, stdout before stderr, which is compared. A line of
//                           three dots stands for any lines; ids, times and durations may differ. What runs until it is
//                           stopped (its line ends in ` &`) runs until the end of the page
//     ```ts sweep.ts        compiled against the package's types, and run
//     ```text               shown only, like `json` and a block without a language; with a file's name it is written.
//                           Any block may be `there`: what one has in another program
//
// A device's address leads to a simulated device of its platform (test/docs/world.ts), or nowhere if it ends in .99. Its
// user is `admin`, its password `access123`, which is also in LAB_PASSWORD and NET_PASSWORD. Jump hosts are a
// real sshd (test/docs/gates.ts), whose key an ssh-agent has. netsweep.example.net is a coordinator with agents
// (test/docs/site.ts), on whose host `schedule`, `agents`, `enroll` and `token` are typed where they name no other;
// `netsweep1-...` is the token that was printed before. Files that many pages name (lab.yaml) are in stock.ts, what can't
// be run is in elsewhere.ts, by name and with its reason.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ELSEWHERE } from './elsewhere.ts';
import { withoutMachine } from './machine.ts';
import { type Block, blocksOf, type Command, commandsOf, PAGES, proseOf } from './page.ts';
import { World } from './world.ts';

/** What commands end with that don't end with 0. */
const ENDS: readonly { what: RegExp; status: number; why: string }[] = [
  { what: /\b(audit run|diff) /, status: 3, why: 'findings' },
  { what: / --rerun last --failed --retries 0$/, status: 1, why: 'it still refuses' },
  { what: / --rerun last --(failed|kind)\b/, status: 2, why: 'no device had ended so' },
  { what: / --kind cli-error$/, status: 1, why: 'it is as wrong again' },
  { what: /R\[1-5000\]/, status: 1, why: 'one device of a hundred fails' },
  { what: /tee flash:x/, status: 2, why: 'no reading command' },
];
/** What runs until it is stopped. */
const LASTING =
  / &$| nats-server -c |^(npx )?(netsweep-agent\b(?! join)|netsweep (serve\b(?!.* --init)|fleet (?!.*--bad list)))/;
const SHOWN = new Set(['', 'text', 'json']);

/** Why nothing is run here; null: it is. */
const missing = withoutMachine();
let world: World;
beforeAll(async () => {
  if (missing === null) world = await World.open();
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

const pages = PAGES.filter((page) => blocksOf(page).length > 0);
describe.skipIf(missing !== null).each(pages)('%s', (page) => {
  beforeAll(async () => {
    await world.turnTo(page);
  });
  test.each(blocksOf(page).map((block) => ({ ...block, name: `${block.line}: ${block.language}` })))(
    '$name',
    async (block) => {
      expect(await wrongIn(block)).toEqual([]);
    },
  );
});

test('every example is a block that is run', () => {
  const lines = PAGES.flatMap((page) => proseOf(page).map((line) => `${page}: ${line}`));
  expect(lines.filter((line) => / {4}\S/.test(line.slice(line.indexOf(':'))))).toEqual([]);
});

test('what is not run is still on a page', () => {
  const shown = PAGES.flatMap(blocksOf).flatMap((block) => [
    ...(block.file === null ? [] : [block.file]),
    ...commandsOf(block).flatMap(({ text }) => [text, ...text.split(' && ')]),
  ]);
  const gone = [...ELSEWHERE, ...ENDS].filter(({ what }) => !shown.some((text) => what.test(text)));
  expect(gone).toEqual([]);
});

async function wrongIn(block: Block): Promise<string[]> {
  if (block.kinds.includes('there')) return [];
  if (block.file !== null) {
    await world.write(block);
    const wrong = elsewhere(block.file) ? null : await world.wrongFile(block);
    return wrong === null ? [] : [`${block.page}:${block.line}: ${block.file}: ${wrong}`];
  }
  if (block.language !== 'sh' && block.language !== 'console')
    return SHOWN.has(block.language) ? [] : [`${block.page}:${block.line}: it has no name`];
  const wrong: string[] = [];
  for (const command of commandsOf(block)) {
    if (elsewhere(command.text)) continue;
    // What comes after `&&` may be something that is not run, and what is before it is.
    const text = command.text
      .split(' && ')
      .filter((part) => !elsewhere(part))
      .join(' && ');
    const why = await wrongCommand({ ...command, text });
    if (why !== null) wrong.push(`${command.page}:${command.line}: ${command.text}: ${why}`);
  }
  await world.leave();
  return wrong;
}

function elsewhere(text: string): boolean {
  return ELSEWHERE.some(({ what }) => what.test(text));
}

async function wrongCommand({ text, printed }: Command): Promise<string | null> {
  const { status, stdout, stderr } = LASTING.test(text) ? await world.start(text) : await world.run(text);
  const known = ENDS.filter(({ what }) => what.test(text)).map((end) => end.status);
  if (printed === null)
    return status === 0 || known.includes(status ?? 0) ? null : `ended with ${status}\n${stdout}${stderr}`;
  const told = stdout + stderr;
  return isAs(printed, told) ? null : `printed\n${told}in place of\n${printed}`;
}

/** Whether this is what the page says, but for what is otherwise each time. */
function isAs(printed: string, told: string): boolean {
  const pattern = always(printed)
    .split(/^\.\.\.\n/m)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('(?:.*\\n)*');
  return new RegExp(`^${pattern}$`).test(always(told));
}

function always(text: string): string {
  const even = /\d (ms|s|min)\b/.test(text) ? text.replace(/ +/g, ' ') : text;
  return even
    .replace(/\b01[0-9A-HJKMNP-TV-Z]{10,24}\b/g, '01ID')
    .replace(/\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+Z)?)?\b/g, 'TIME')
    .replace(/\b(\d+ (h|min) )?\d+(\.\d+)? (ms|s|min)\b/g, '1 s')
    .replace(/\b\d+(\.\d+)? times as long/g, 'N times as long')
    .replace(/\b[0-9a-f]{12}\b/g, 'DIGEST');
}
