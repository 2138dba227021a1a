// Every way in which a simulated device can be bad, as data: where it shows, how a sweep of the platform's default
// command must end there, and on which command lines it makes sense. How each is acted is in the file of its family.

/** How a sweep must end at a device: well, in doubt, or by a failure of this kind. */
export type Expectation =
  | 'ok'
  | 'suspect'
  | 'unreachable'
  | 'refused'
  | 'protocol'
  | 'algorithms'
  | 'host-key'
  | 'auth'
  | 'enable'
  | 'prompt'
  | 'timeout'
  | 'disconnected'
  | 'cli-error'
  | 'output-limit';

/** Where a failure must be noticed; null: there is none. */
export type Stage = 'connect' | 'hostkey' | 'auth' | 'shell' | 'enable' | 'command' | null;

/**
 * `any` platform; `lines`: an interactive command line; `inline`: one whose prompt follows the output directly;
 * `marked`: one whose configuration has an end mark.
 */
export type Where = 'any' | 'lines' | 'marked' | 'inline' | 'ios' | 'eos' | 'enable' | 'exec';

export interface Kind {
  expect: Expectation;
  stage: Stage;
  where: Where;
  meaning: string;
}

const at =
  (stage: Stage) =>
  (expect: Expectation, meaning: string, where: Where = 'any'): Kind => ({ expect, stage, where, meaning });
const well = (meaning: string, where: Where = 'lines'): Kind => at(null)('ok', meaning, where);
const connect = at('connect');
const auth = at('auth');
const shell = at('shell');
const command = at('command');

const BEFORE_SSH = {
  refuse: connect('refused', 'TCP is refused'),
  filtered: connect('unreachable', 'TCP is never answered'),
  'reset-accept': connect('disconnected', 'TCP is accepted, then reset'),
  'close-accept': connect('disconnected', 'TCP is accepted, then closed'),
  'hang-banner': connect('timeout', 'TCP is accepted, then silence'),
  'not-ssh': connect('protocol', 'speaks HTTP'),
  telnet: connect('protocol', 'speaks Telnet'),
  'endless-greeting': connect('protocol', '10 MB of text before an identification that never comes'),
  'open-ident': connect('protocol', 'an identification whose line never ends'),
  'ssh1-ident': connect('protocol', 'speaks SSH 1.5 only'),
  'garbage-ident': connect('protocol', 'an identification, then noise'),
  'giant-packet': connect('protocol', 'a packet that claims a length of 4 GB'),
  'giant-names': connect('algorithms', 'a key exchange with 30 KB of unknown algorithms'),
  'hang-ident': connect('timeout', 'an identification, then silence'),
  'drip-kex': connect('timeout', 'a key exchange at a byte per 200 ms'),
  'drop-kex': connect('disconnected', 'closes within the key exchange'),
};

const BEFORE_LOGIN = {
  'weak-algorithms': connect('algorithms', 'only SHA-1, CBC and group 1'),
  'only-compressed': connect('algorithms', 'only zlib@openssh.com'),
  'ident-1.99': well('identifies itself as SSH-1.99', 'any'),
  'host-key': at('hostkey')('host-key', 'another host key than the known one'),
  'false-proof': at('hostkey')('host-key', 'the known host key, signed for by another'),
  'hang-service': auth('timeout', 'a key exchange, then no answer to the login service'),
  'endless-banner': auth('output-limit', '10 MB of login banner'),
  'wild-banner': well('a login banner with escape sequences and control characters', 'any'),
  'no-methods': auth('auth', 'offers no login method'),
  auth: auth('auth', 'every login is rejected'),
  'hang-login': auth('timeout', 'a login is never answered'),
  'slow-login': well('a login is answered late', 'any'),
  'close-login': auth('disconnected', 'closes instead of answering the login'),
  'ban-login': auth('auth', 'answers the login with a disconnect message: too many failures'),
  'second-factor': auth('auth', 'wants a code after the password'),
  'two-questions': auth('auth', 'asks for password and code at once'),
  'wordless-question': well('asks questions without a word before and after the password', 'any'),
  'asks-new-password': auth('auth', 'asks for a new password after the right one'),
  'partial-login': auth('auth', 'calls every login a partial success'),
  'expired-password': auth('auth', 'wants a new password before it lets anybody in'),
};

const AFTER_LOGIN = {
  'drop-login': shell('disconnected', 'closes right after the login'),
  'leave-login': shell('disconnected', 'a disconnect message right after the login'),
  'refuse-channel': shell('protocol', 'refuses the session: too many are open'),
  'hang-channel': shell('timeout', 'never opens the session'),
  'late-channel': well('opens the session late', 'any'),
  'refuse-pty': well('refuses a terminal, but not a command line'),
  'refuse-shell': shell('protocol', 'refuses a command line', 'lines'),
  'refuse-exec': well('refuses to run commands, but not a command line', 'exec'),
  'no-shell': shell('disconnected', 'ends the command line as soon as it begins', 'lines'),
  'stuck-window': shell('timeout', 'takes eight bytes and no more', 'lines'),
  'hang-prompt': shell('timeout', 'no prompt after the login'),
  'no-prompt': shell('prompt', 'a menu instead of a prompt', 'lines'),
  'second-login': shell('prompt', 'asks for user and password again on the command line', 'ios'),
  'new-password': shell('auth', 'demands a new password on the command line', 'ios'),
  'endless-log': shell('prompt', 'log lines without end instead of a prompt', 'lines'),
  enable: at('enable')('enable', 'the enable secret is refused', 'enable'),
  'no-enable': at('enable')('enable', 'refuses enable without asking for a secret', 'enable'),
  'hang-enable': at('enable')('timeout', 'takes the enable secret, then silence', 'enable'),
};

const WITHIN_OUTPUT = {
  'hang-output': command('timeout', 'half an output, then silence'),
  'long-silence': command('timeout', 'half an output, the rest two minutes later'),
  'alive-hang': command('timeout', 'half an output, then keepalives only'),
  'drop-output': command('disconnected', 'half an output, then closed'),
  'reset-output': command('disconnected', 'half an output, then reset'),
  'end-output': command('disconnected', 'half an output, then the channel is closed, the connection is not'),
  'eof-output': command('timeout', 'half an output, then EOF without a close', 'lines'),
  reboot: command('disconnected', 'reboots within the command'),
  'broken-packet': command('protocol', 'half an output, then a packet with a wrong MAC'),
  'huge-output': command('output-limit', '1 GB of output'),
  'huge-errors': command('output-limit', '1 GB of error text', 'exec'),
  'window-abuse': command('output-limit', '1 GB of output, sent whatever the window'),
  'no-close': command('timeout', 'an exit status without a close', 'exec'),
  'no-status': command('disconnected', 'a close without an exit status', 'exec'),
  'cli-error': command('cli-error', 'show commands are unknown', 'lines'),
  'no-end': at(null)('suspect', 'a configuration without its end', 'marked'),
  'no-echo': at(null)('suspect', 'echoes nothing', 'lines'),
  'counting-prompt': at(null)('suspect', 'a counter in the prompt of a platform that has none', 'ios'),
};

const ODD_BUT_WELL = {
  slow: well('everything takes longer', 'any'),
  drip: well('output byte by byte', 'any'),
  'slow-line': well('output at 9600 baud', 'any'),
  fragments: well('output cut at random places', 'any'),
  'short-silence': well('falls silent within the output for a while', 'any'),
  rekey: well('exchanges keys again every 1 KB', 'any'),
  keepalives: well('keepalive requests without end', 'any'),
  debug: well('SSH debug and ignore messages between all others', 'any'),
  'opens-channels': well('opens channels towards the client', 'any'),
  'prompt-inside': well('its own prompt on lines of the output'),
  'prompt-pause': well('its own prompt within the output, and silence after it'),
  'pager-anyway': well('pages although told not to'),
  'pager-twice': well('every pager is followed by a second one'),
  'other-pager': well('pages with words that its platform does not know'),
  'no-paging-off': well('does not know the command that switches paging off'),
  colours: well('output with colours and cursor movements'),
  binary: well('output with bytes that are no text'),
  'long-line': well('a line of 1 MB'),
  'wild-lines': well('line ends with more carriage returns than one, NUL and BEL'),
  'no-newline': well('an output whose last line does not end', 'inline'),
  'narrow-echo': well('a terminal so narrow that the echo scrolls'),
  'redrawn-prompt': well('draws each prompt twice'),
  'clock-prompt': well('a clock in its prompt', 'eos'),
  'late-prompt': well('draws each prompt character by character'),
  'log-lines': well('log lines after the prompt, the prompt drawn again'),
  'log-over-prompt': well('log lines on the prompt line, the prompt not drawn again', 'ios'),
  renamed: well('takes another name while a command runs'),
  'asks-exit': well('asks whether to save before it lets anybody go'),
  'ignores-exit': well('does not leave at exit'),
};

export const KINDS = {
  ...BEFORE_SSH,
  ...BEFORE_LOGIN,
  ...AFTER_LOGIN,
  ...WITHIN_OUTPUT,
  ...ODD_BUT_WELL,
} satisfies Record<string, Kind>;
