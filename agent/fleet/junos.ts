// The command line of Juniper Junos: an empty line after every output and, on some, the role of the routing engine
// above the prompt; a pager that says how far it is; pipes of its own; a configuration in two forms.
import {
  type Answer,
  type Cli,
  type CliOptions,
  type CliState,
  type Command,
  filterLines,
  joinLines,
  readCommand,
  show,
} from './cli.js';
import { caret, unlessUnknown } from './dialect.js';
import { fraction } from './dice.js';
import { junosConfig, setLines } from './junosconfig.js';
import { junosClock, junosInterfaces, junosInventory, junosVersion } from './junosshow.js';

const USER = 'netops';

export function junosCli(options: CliOptions): Cli {
  const { device, seed } = options;
  const commands = junosCommands(options);
  const role = fraction(seed, device.number, 'role') < 0.4 ? '{master:0}\r\n' : '';
  return {
    greeting:
      'Last login: Mon Mar  3 08:11:02 2025 from 10.254.0.7\r\n--- JUNOS 21.4R3-S2 Kernel 64-bit  JNPR-12.1\r\n',
    banner: '',
    software: 'OpenSSH_7.5',
    pager: {
      text: (part) => (part < 0.1 ? '---(more)---' : `---(more ${Math.floor(part * 100)}%)---`),
      erase: `\r${' '.repeat(40)}\r`,
    },
    refusal: { text: '', tries: 1 },
    prompt: (state) => promptOf(device.name, role, state),
    answer: (line, state) => {
      const column = `${USER}@${device.name}> `.length;
      return state.configuring ? configure(line, state) : execute(line, state, commands, column);
    },
  };
}

function promptOf(name: string, role: string, { configuring }: CliState): string {
  return configuring ? `${role}[edit]\r\n${USER}@${name}# ` : `${role}${USER}@${name}> `;
}

function configure(line: string, state: CliState): Answer {
  if (!/^\s*(exit|quit)\b/.test(line)) return told('');
  state.configuring = false;
  return told('Exiting configuration mode\r\n');
}

/** Every answer ends with an empty line. */
function told(text: string): Answer {
  return { do: 'print', text: () => `${text}\r\n`, stderr: '', status: 0, show: false };
}

function execute(line: string, state: CliState, commands: readonly Command[], indent: number): Answer {
  const [text = '', ...pipes] = line.split('|');
  if (text.trim() === '') return told('');
  const reading = readCommand(text, commands, state);
  if (reading.is === 'invalid') return failed(`${caret(indent + reading.column)}unknown command.\r\n`);
  if (reading.is === 'ambiguous') return failed(`${caret(indent)}'${text.trim()}' is ambiguous.\r\n`);
  if (reading.is === 'incomplete')
    return failed(`${caret(indent + text.trimEnd().length)}syntax error, expecting <command>.\r\n`);
  let answer = reading.command.run(state, reading.args);
  for (const pipe of pipes) {
    const piped = through(answer, pipe);
    if (piped === null) return failed(`${caret(indent + line.indexOf(pipe) + 1)}syntax error.\r\n`);
    answer = piped;
  }
  if (answer.do !== 'print') return answer;
  const { text: inner } = answer;
  return { ...answer, text: () => `${inner()}\r\n` };
}

function failed(text: string): Answer {
  return { do: 'print', text: () => `${text}\r\n`, stderr: '', status: 1, show: true };
}

const FILTERS = [
  { junos: 'match', cisco: 'include' },
  { junos: 'except', cisco: 'exclude' },
  { junos: 'find', cisco: 'begin' },
] as const;

/** null: no pipe that Junos knows. */
function through(answer: Answer, pipe: string): Answer | null {
  const [verb = '', ...rest] = pipe.trim().split(/\s+/);
  if (verb === 'no-more') return answer;
  if (answer.do !== 'print') return null;
  if (verb === 'display' && rest[0] === 'set')
    return { ...answer, text: () => joinLines(setLines(answer.text().split('\r\n').slice(0, -1))) };
  // Nothing here comes from a group.
  if (verb === 'display' && rest[0] === 'inheritance') return answer;
  const filter = FILTERS.find(({ junos }) => verb !== '' && junos.startsWith(verb));
  return filter === undefined ? null : filterLines(answer, `${filter.cisco} ${rest.join(' ')}`);
}

function junosCommands(options: CliOptions): Command[] {
  const set = (words: string, answer: (args: string[], state: CliState) => string): Command => ({
    words,
    run: (state, args) => ({
      do: 'print',
      text: () => answer(args, state),
      stderr: '',
      status: 0,
      show: false,
    }),
  });
  return [
    ...unlessUnknown(options.device.fault, [
      { words: 'show version', run: () => show(() => junosVersion(options)) },
      { words: 'show configuration', run: () => show(() => junosConfig(options)) },
      { words: 'show interfaces terse', run: () => show(() => junosInterfaces(options)) },
      { words: 'show chassis hardware', run: () => show(() => junosInventory(options)) },
      { words: 'show system uptime', run: () => show(() => junosClock(options)) },
    ]),
    {
      words: 'set cli screen-length <n>',
      run(state, [rows]) {
        state.rows = Number(rows);
        return {
          do: 'print',
          text: () => `Screen length set to ${rows}\r\n`,
          stderr: '',
          status: 0,
          show: false,
        };
      },
    },
    set('set cli screen-width <n>', ([columns]) => `Screen width set to ${columns}\r\n`),
    set('set cli complete-on-space off', () => 'Disabling complete-on-space\r\n'),
    set('set cli timestamp disable', () => ''),
    {
      words: 'configure',
      run(state) {
        state.configuring = true;
        return {
          do: 'print',
          text: () => 'Entering configuration mode\r\n',
          stderr: '',
          status: 0,
          show: false,
        };
      },
    },
    { words: 'exit', run: () => ({ do: 'leave' }) },
    { words: 'quit', run: () => ({ do: 'leave' }) },
  ];
}
