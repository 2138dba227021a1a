// A rule of ours, broken on purpose: an exact change of one source file, and the one test that has to notice. The
// lists beside this file hold them; `npm run defects` applies them one by one to a copy of the checkout.

export interface Defect {
  /** A sentence: what is broken. */
  name: string;
  /** From the top of the checkout. */
  file: string;
  /** Occurs exactly once in the file. */
  find: string;
  replace: string;
  /** As in its source, the placeholders of `test.each` included; describe blocks left out. */
  test: { file: string; title: string };
}
