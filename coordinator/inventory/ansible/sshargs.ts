// What ssh's arguments in Ansible's variables mean for netsweep: the bastions on the way, old algorithms, a
// configuration of ssh. What only concerns Ansible's own connections is passed over, the rest is said to be unused.
import { didYouMean, nearest, quote } from '../wording.js';
import { splitWords } from './words.js';

export interface SshArguments {
  /** As the field `jump` takes it. */
  jump: string | null;
  legacy: boolean;
  sshConfig: string | null;
  privateKey: string | null;
  /** Errors: a device would be reached in another way than meant. */
  wrong: string[];
  /** Warnings. */
  unused: string[];
}

/** Options that take a value: as their own word, or behind the letter. */
const WITH_VALUE = 'BbcDEeFIiJLlmOopQRSWw';
/** How connections are kept and host keys are judged, which netsweep does by its own options. */
const PASSED = new Set([
  ...['controlmaster', 'controlpersist', 'controlpath', 'stricthostkeychecking', 'userknownhostsfile'],
  ...['globalknownhostsfile', 'checkhostip', 'updatehostkeys', 'loglevel', 'batchmode', 'compression'],
  ...['serveraliveinterval', 'serveralivecountmax', 'tcpkeepalive', 'connecttimeout', 'connectionattempts'],
  ...['forwardagent', 'preferredauthentications', 'pubkeyauthentication', 'passwordauthentication'],
  ...['kbdinteractiveauthentication', 'gssapiauthentication', 'identitiesonly', 'numberofpasswordprompts'],
  ...['requesttty', 'visualhostkey', 'addkeystoagent', 'clearallforwardings', 'ipqos', 'addressfamily'],
]);
const ALGORITHMS = new Set([
  ...['kexalgorithms', 'hostkeyalgorithms', 'ciphers', 'macs', 'pubkeyacceptedkeytypes'],
  ...['pubkeyacceptedalgorithms', 'casignaturealgorithms', 'hostbasedacceptedalgorithms', 'requiredrsasize'],
]);
const OLD = /sha1\b|ssh-rsa\b|ssh-dss|cbc|3des|arcfour|hmac-md5|blowfish|cast128/i;
const SPEC = 'ssh -W %h:%p USER@BASTION, or ProxyJump';

export function readSshArguments(text: string): SshArguments {
  const read: SshArguments = {
    jump: null,
    legacy: false,
    sshConfig: null,
    privateKey: null,
    wrong: [],
    unused: [],
  };
  const words = wordsOf(text);
  if (words === null) return { ...read, wrong: ['a quote is open at its end'] };
  for (const { letter, value } of optionsOf(words)) {
    if (letter === 'J') read.jump ??= value;
    else if (letter === 'F') read.sshConfig ??= value;
    else if (letter === 'i') read.privateKey ??= value;
    else if (letter === 'o') readOption(value, read);
    else if (letter === '') read.unused.push(`${quote(value)} is no option of ssh`);
    else if (!'46ACNTaknqtvxXyYfsg'.includes(letter)) read.unused.push(`-${letter} is not used`);
  }
  return read;
}

/** `Key=value` or `Key value`; the first of a kind counts, as in ssh. */
function readOption(text: string, read: SshArguments): void {
  const [, key = text, value = ''] = /^\s*(\w+)\s*[=\s]\s*(.*)$/s.exec(text) ?? [];
  const name = key.toLowerCase();
  const bare = value.trim().replace(/^"(.*)"$/, '$1');
  if (name === 'proxyjump') read.jump ??= bare;
  else if (name === 'proxycommand') {
    const jump = jumpOfCommand(bare);
    if ('wrong' in jump) read.wrong.push(jump.wrong);
    else read.jump ??= jump.jump;
    for (const unused of 'unused' in jump ? jump.unused : []) read.unused.push(unused);
  } else if (name === 'identityfile') read.privateKey ??= bare;
  else if (ALGORITHMS.has(name)) read.legacy ||= OLD.test(bare);
  else if (!PASSED.has(name))
    read.unused.push(
      `${key} is not used${didYouMean(nearest(key, ['ProxyJump', 'ProxyCommand', 'IdentityFile']))}`,
    );
}

/** The bastions of a ProxyCommand that is `ssh -W %h:%p BASTION`, or `ssh BASTION nc %h %p`. */
export function jumpOfCommand(command: string): { jump: string; unused: string[] } | { wrong: string } {
  if (command.toLowerCase() === 'none') return { jump: 'none', unused: [] };
  const words = wordsOf(command.replace(/^exec\s+/, ''));
  const program = words?.[0] ?? '';
  if (words === null || !/(?:^|\/)ssh$/.test(program))
    return { wrong: `its ProxyCommand is not understood (found ${quote(program)}, expected ${SPEC})` };
  let [username, port, before, forwards] = ['', '', '', false];
  const unused: string[] = [];
  const inner: SshArguments = {
    jump: null,
    legacy: false,
    sshConfig: null,
    privateKey: null,
    wrong: [],
    unused,
  };
  const rest: string[] = [];
  for (const { letter, value } of optionsOf(words.slice(1), rest)) {
    if (letter === 'W') forwards = /^\[?%h\]?:%p$/.test(value);
    else if (letter === 'p') port = value;
    else if (letter === 'l') username = value;
    else if (letter === 'J') before = value;
    else if (letter === 'i')
      unused.push(
        'the key of the bastion is not used here (expected it in ssh_config, or with a device of that name)',
      );
    else if (letter === 'o') readOption(value, inner);
  }
  const [host, ...run] = rest;
  forwards ||= /^(?:\S*\/)?(?:nc|ncat|netcat)\b.*%h %p$/.test(run.join(' '));
  if (host === undefined || !forwards || inner.wrong.length > 0)
    return { wrong: `its ProxyCommand is not understood (expected ${SPEC})` };
  const named = host.includes('@') || username === '' ? host : `${username}@${host}`;
  const hop = port === '' ? named : `${named}:${port}`;
  return { jump: [before || inner.jump, hop].filter(Boolean).join(','), unused };
}

interface Option {
  /** Empty: a word that is no option. */
  letter: string;
  value: string;
}

/** `rest`: where the words go from the first on that is no option; without it they are options with no letter. */
function optionsOf(words: readonly string[], rest: string[] | null = null): Option[] {
  const options: Option[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (!/^-[^-]/.test(word)) {
      if (rest !== null && rest.length > 0) rest.push(...words.slice(at));
      else if (rest !== null) rest.push(word);
      else options.push({ letter: '', value: word });
      if (rest !== null && rest.length > 1) break;
      continue;
    }
    for (let index = 1; index < word.length; index += 1) {
      const letter = word[index] ?? '';
      if (!WITH_VALUE.includes(letter)) {
        options.push({ letter, value: '' });
        continue;
      }
      const isLast = index === word.length - 1;
      options.push({ letter, value: isLast ? (words[at + 1] ?? '') : word.slice(index + 1) });
      if (isLast) at += 1;
      break;
    }
  }
  return options;
}

/** A # inside is no comment here. */
function wordsOf(text: string): string[] | null {
  const split = splitWords(text.replaceAll('#', '\\#'));
  return 'unclosed' in split ? null : split.words.map((word) => word.text);
}
