// Versions: what each part must at least be.
import { numbersIn } from '../version.js';
import { fail, ok, type Verdict } from './check.js';

/** What is known to be wrong below. */
interface Floor {
  least: string;
  why: string;
}

const FLOORS: Record<'Node' | 'ssh2' | 'grpc-js', Floor> = {
  Node: { least: '20.19.0', why: 'older ones are not tested' },
  ssh2: { least: '1.15.0', why: 'before it there is no strict key exchange against Terrapin' },
  'grpc-js': { least: '1.10.9', why: 'before it a message may take more memory than its limit' },
};

/** `1.17.0` before `1.2.0`: no; null: one of them is no version. */
export function isBefore(version: string, other: string): boolean | null {
  const [one, two] = [numbersIn(version), numbersIn(other)];
  if (one === null || two === null) return null;
  for (const [at, number] of one.entries()) {
    const against = two[at] ?? 0;
    if (number !== against) return number < against;
  }
  return false;
}

export function floor(part: keyof typeof FLOORS, version: string, where: string): Verdict[] {
  if (version === '') return [];
  const { least, why } = FLOORS[part];
  const found = `${part} ${version}${where}`;
  return [
    isBefore(version, least) === true
      ? fail(`${found} is older than ${least}: ${why}`, `install ${part} ${least} or newer`)
      : ok(found),
  ];
}
