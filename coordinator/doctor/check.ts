// What `netsweep doctor` is made of: a check has a name, looks at something, and says how it is and what to do. To add
// one is to add it to a list: here.ts for the host of the command, there.ts for the coordinator.
import { Diagnosis, Judgement } from '../../proto/gen/netsweep/v1/sweeps.js';

export interface Verdict {
  judgement: Judgement;
  found: string;
  /** What to do. */
  advice?: string;
}

export interface Check<Facts> {
  name: string;
  /** Several where several things are looked at; none where there is nothing to look at. */
  look(facts: Facts): Verdict[] | Promise<Verdict[]>;
}

export const ok = (found: string): Verdict => ({ judgement: Judgement.OK, found });
export const warn = (found: string, advice: string): Verdict => ({
  judgement: Judgement.WARN,
  found,
  advice,
});
export const fail = (found: string, advice: string): Verdict => ({
  judgement: Judgement.FAIL,
  found,
  advice,
});

/** All of them, in order. A check that breaks has found out nothing, which is worth a word. */
export async function examine<Facts>(checks: readonly Check<Facts>[], facts: Facts): Promise<Diagnosis[]> {
  const diagnoses: Diagnosis[] = [];
  for (const { name, look } of checks) {
    for (const { judgement, found, advice = '' } of await attempted(() => look(facts)))
      diagnoses.push(Diagnosis.create({ name, judgement, found, advice }));
  }
  return diagnoses;
}

async function attempted(look: () => Verdict[] | Promise<Verdict[]>): Promise<Verdict[]> {
  try {
    return await look();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [warn(`could not be looked at: ${why}`, 'look at it by hand')];
  }
}
