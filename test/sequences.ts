// What a terminal obeys, or shows as something else: sequences that a device or a file may hold, one of each kind.
const ST = '\x1b\\';

const ends = ['\x07', ST, '\x9c'];
const osc = [
  ...[
    '0;pwned',
    '1;icon',
    '2;pwned',
    '4;1;rgb:00/00/00',
    '7;file:///etc',
    '8;;http://evil.example',
    '9;note',
  ],
  ...['10;?', '11;#000000', '12;red', '50;font', '52;c;cm0gLXJmIC8=', '52;c;?', '104', '110', '112', '133;A'],
  ...['633;E;reboot', '777;notify;a;b', '1337;File=inline=1:AAAA', '1337;CopyToClipboard=', '5522;type=read'],
].flatMap((words) => ends.map((end) => `\x1b]${words}${end}`));

const csi = [
  ...[
    '2J',
    '3J',
    'J',
    'H',
    '1;1H',
    '10A',
    '5B',
    '3C',
    '3D',
    '2E',
    '2F',
    '5G',
    's',
    'u',
    '2K',
    '1P',
    '5@',
    '3X',
  ],
  ...[
    '?1049h',
    '?47h',
    '?25l',
    '?1000h',
    '?1003h',
    '?2004h',
    '?5h',
    '?1h',
    '?7l',
    '?12h',
    '?2026h',
    '4h',
    '20h',
  ],
  ...[
    '6n',
    '5n',
    'c',
    '>c',
    '=c',
    '0x',
    '21t',
    '14t',
    '18t',
    '20t',
    '8;1;1t',
    '5i',
    '4i',
    '!p',
    '1;2r',
    '1S',
  ],
  ...[
    '1T',
    '2L',
    '2M',
    '3g',
    '1Z',
    '7m',
    '8m',
    '38;5;1m',
    '>4;2m',
    '?u',
    '>1u',
    '1000b',
    '1"q',
    '1 q',
    '?6c',
  ],
].map((words) => `\x1b[${words}`);

const escapes = [
  ...['c', '7', '8', 'D', 'E', 'M', 'H', 'Z', '=', '>', 'N', 'O', 'n', 'o', '|', '}', '~', 'l', 'm'],
  ...['(0', '(B', ')0', '#8', '%G', '%@', ' F', ' G', '#3'],
].map((words) => `\x1b${words}`);

const strings = [
  ...[
    'Pq#0;2;0;0;0#0!9~',
    'P+q544e',
    'P$qm',
    'P1000p',
    'Ptmux;\x1b\x1b]0;x\x07',
    '_Gf=24,s=1,v=1;AAAA',
    '^private',
  ],
  'Xstring',
].flatMap((words) => ends.slice(1).map((end) => `\x1b${words}${end}`));

const eight = [
  ...['\x9b2J', '\x9b1;1H', '\x9b?1049h', '\x9b6n', '\x9d0;pwned\x9c', '\x9d52;c;eA==\x9c', '\x90q~\x9c'],
  ...['\x9fG\x9c', '\x9ex\x9c', '\x98x\x9c', '\x84', '\x85', '\x88', '\x8d', '\x8e', '\x8f', '\x9a'],
];

const control = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)).filter(
  (sign) => sign !== '\n' && sign !== '\t' && sign !== '\x1b',
);

const unseen = [
  ...['\u202e', '\u202d', '\u202a', '\u202b', '\u202c', '\u2066', '\u2067', '\u2068', '\u2069', '\u200e'],
  ...['\u200f', '\u061c', '\u200b', '\u200c', '\u200d', '\u2060', '\u2061', '\ufeff', '\u00ad', '\u034f'],
  ...['\u115f', '\u3164', '\uffa0', '\u180e', '\u206a', '\ufff9', '\u2028', '\u2029', '\ufe0f', '\u{e0041}'],
  ...['\u{e0001}', '\u{1d173}', `e${'\u0301'.repeat(30)}`],
];

export const SEQUENCES: readonly string[] = [
  ...[...osc, ...csi, ...escapes, ...strings, ...eight, ...control, '\x7f'],
  ...unseen,
];

/** What must not be found in anything that a terminal was sent, but for line ends and tabs. */
export const OBEYED =
  /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]|\p{Default_Ignorable_Code_Point}|\p{M}{9}|[^\r]\r[^\r\n]/u;
