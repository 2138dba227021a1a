// The command line of Cisco IOS and IOS XE: privilege levels, abbreviations, the parser's own errors.
import { type Cli, type CliOptions, type CliState, type Command, joinLines, say, show } from './cli.js';
import { answerLine, caret, type Dialect, unlessUnknown, usualCommands } from './dialect.js';
import { dice, fraction } from './dice.js';
import { renderIosConfig } from './iosconfig.js';
import { iosDescriptions, iosInterfaces, iosInventory, iosSsh, iosVersion } from './iosshow.js';

export function iosCli(options: CliOptions): Cli {
  const { device, seed } = options;
  const dialect: Dialect = {
    commands: iosCommands(options),
    prompt: (state: CliState) =>
      `${device.name}${state.configuring ? '(config)' : ''}${state.privileged ? '#' : '>'}`,
    complain: (trouble, text, column) => {
      if (trouble === 'ambiguous') return `% Ambiguous command:  "${text}"\r\n`;
      if (trouble === 'incomplete') return '% Incomplete command.\r\n\r\n';
      return `${caret(column)}% Invalid input detected at '^' marker.\r\n\r\n`;
    },
  };
  return {
    greeting: fraction(seed, device.number, 'motd') < 0.3 ? motd(device.name) : '\r\n',
    banner: iosBanner(options),
    software: 'Cisco-1.25',
    pager: { text: () => ' --More-- ', erase: `${'\b'.repeat(9)}${' '.repeat(8)}${'\b'.repeat(9)}` },
    refusal:
      dice(seed, device.number, 'refusal') % 2 === 0
        ? { text: '% Bad secrets\r\n\r\n', tries: 3 }
        : { text: '% Access denied\r\n\r\n', tries: 1 },
    prompt: dialect.prompt,
    answer: (line, state) => answerLine(dialect, line, state),
  };
}

function iosBanner({ device, seed }: CliOptions): string {
  return fraction(seed, device.number, 'banner') < 0.25 ? 'Authorized access only\r\n' : '';
}

function iosCommands(options: CliOptions): Command[] {
  const { device } = options;
  const showing: Command[] = [
    { words: 'show version', run: () => show(() => iosVersion(options)) },
    { words: 'show running-config', privileged: true, run: () => show(() => renderIosConfig(options)) },
    { words: 'show startup-config', privileged: true, run: () => show(() => renderIosConfig(options)) },
    { words: 'show ip ssh', run: () => show(() => iosSsh(options)) },
    { words: 'show ip interface brief', run: () => show(() => iosInterfaces(options)) },
    { words: 'show interfaces description', run: () => show(() => iosDescriptions(options)) },
    { words: 'show inventory', run: () => show(() => iosInventory(options)) },
    { words: 'show clock', run: () => show(() => [clock()]) },
    { words: 'show users', run: () => show(() => users()) },
  ];
  return [
    ...unlessUnknown(device.fault, showing),
    ...usualCommands('Enter configuration commands, one per line.  End with CNTL/Z.\r\n'),
    {
      words: 'enable',
      run(state) {
        if (state.privileged) return say();
        return device.fault === 'no-enable'
          ? say('% Error in authentication.\r\n\r\n')
          : { do: 'ask-secret' };
      },
    },
    {
      words: 'disable',
      privileged: true,
      run(state) {
        state.privileged = false;
        return say();
      },
    },
    { words: 'write memory', privileged: true, run: () => say('Building configuration...\r\n[OK]\r\n') },
    { words: 'ping <rest>', run: (_, [target]) => show(() => ping(target ?? '')) },
    { words: 'logout', run: () => ({ do: 'leave' }) },
    { words: 'quit', run: () => ({ do: 'leave' }) },
  ];
}

function motd(name: string): string {
  return joinLines([
    '',
    '*'.repeat(60),
    `*  ${name}: property of the operator of this network.`.padEnd(59).concat('*'),
    '*  Log off at once if you are not authorised (see <policy>).'.padEnd(59).concat('*'),
    '*'.repeat(60),
    '',
  ]);
}

function clock(): string {
  const [weekday, month, day, year] = new Date().toUTCString().replace(',', '').split(' ', 4).map(String);
  const time = new Date().toISOString().slice(11, 23);
  return `*${time} UTC ${weekday} ${day} ${Number(month)} ${year}`;
}

function users(): string[] {
  return [
    '    Line       User       Host(s)              Idle       Location',
    '*  2 vty 0     admin      idle                 00:00:00 127.0.0.1',
    '',
    '  Interface    User               Mode         Idle     Peer Address',
    '',
  ];
}

function ping(target: string): string[] {
  return [
    'Type escape sequence to abort.',
    `Sending 5, 100-byte ICMP Echos to ${target}, timeout is 2 seconds:`,
    '!!!!!',
    'Success rate is 100 percent (5/5), round-trip min/avg/max = 1/1/2 ms',
  ];
}
