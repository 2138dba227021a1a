// Outputs as lines for people: which outputs are shown, and every line with a prefix.
import { type Output, Proof, type Report, Status } from '../../proto/gen/netsweep/v1/model.js';

/** Complete outputs; from a device that ended suspect also those that are not proved whole. */
export function shownOutputs({ status, outputs }: Report): Output[] {
  return outputs.filter(
    ({ proof }) => proof === Proof.COMPLETE || (proof === Proof.SUSPECT && status === Status.SUSPECT),
  );
}

/** Every line with a prefix, and a line end after the last. */
export async function* prefixed(pieces: AsyncIterable<string>, prefix: string): AsyncGenerator<string> {
  let atStart = true;
  for await (const piece of pieces) {
    if (piece === '') continue;
    yield (atStart ? prefix : '') + (prefix === '' ? piece : piece.replace(/\n(?!$)/g, () => `\n${prefix}`));
    atStart = piece.endsWith('\n');
  }
  if (!atStart) yield '\n';
}

/** At most the first `most` lines; then `more` where there are more. */
export async function* firstLines(
  pieces: AsyncIterable<string>,
  most: number,
  more: string,
): AsyncGenerator<string> {
  let left = most;
  for await (const piece of pieces) {
    let end = 0;
    while (left > 0 && end < piece.length) {
      const at = piece.indexOf('\n', end);
      end = at < 0 ? piece.length : at + 1;
      if (at >= 0) left--;
    }
    yield piece.slice(0, end);
    if (end === piece.length) continue;
    yield more;
    return;
  }
}
