// What a unit says of how its service is started, as far as it can be done without systemd: user, groups, limits,
// environment, directories, and how it is stopped.
import { readFileSync } from 'node:fs';

const STATE = '/var/lib';

export class Unit {
  private constructor(private readonly values: ReadonlyMap<string, string>) {}

  static read(file: string): Unit {
    const lines = readFileSync(file, 'utf8').split('\n');
    const pairs = lines.flatMap((line) => {
      const [, key, value] = /^([A-Z]\w+)=(.*)$/.exec(line) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value.replaceAll('%S', STATE)] as const];
    });
    return new Unit(new Map(pairs));
  }

  /** With a minus in front it may be missing. */
  get environmentFile(): string | null {
    return this.values.get('EnvironmentFile')?.replace(/^-/, '') ?? null;
  }

  get stopSignal(): NodeJS.Signals {
    return (this.values.get('KillSignal') ?? 'SIGTERM') as NodeJS.Signals; // systemd's names are Node's
  }

  get stopMs(): number {
    return Number(this.values.get('TimeoutStopSec')) * 1000;
  }

  /** After the service has ended with this code, by itself. */
  startsAgain(code: number): boolean {
    if (this.#say('Restart') !== 'on-failure') throw new Error('Restart= is none that is known here');
    const final = this.values.get('RestartPreventExitStatus')?.split(' ') ?? [];
    return code !== 0 && !final.includes(String(code));
  }

  /** What systemd does first. */
  before(): string[] {
    const [user, group] = [this.#say('User'), this.#say('Group')];
    const mode = this.#say('StateDirectoryMode');
    return ['install', '-d', '-m', mode, '-o', user, '-g', group, this.#state()];
  }

  command(settings: string[]): string[] {
    const user = this.#say('User');
    const limits = [
      'prlimit',
      `--nofile=${Math.min(Number(this.#say('LimitNOFILE')), mostFiles())}`,
      `--core=${this.#say('LimitCORE')}`,
      '--',
    ];
    const rights = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
    const as = [
      'setpriv',
      `--reuid=${user}`,
      `--regid=${this.#say('Group')}`,
      '--init-groups',
      ...rights,
      '--',
    ];
    const script = 'umask "$1"; cd "$2"; shift 2; exec "$@"';
    const shell = ['sh', '-c', script, 'sh', this.#say('UMask'), this.#say('WorkingDirectory')];
    const around = ['env', `HOME=${this.#state()}`, `STATE_DIRECTORY=${this.#state()}`, ...settings];
    return [...limits, ...as, ...shell, ...around, ...this.#say('ExecStart').split(' ')];
  }

  #state(): string {
    return `${STATE}/${this.#say('StateDirectory')}`;
  }

  #say(key: string): string {
    const value = this.values.get(key);
    if (value === undefined) throw new Error(`the unit says no ${key}`);
    return value;
  }
}

/** Where root itself may not have more. */
function mostFiles(): number {
  const [, most] = /^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return most === undefined ? Number.POSITIVE_INFINITY : Number(most);
}
