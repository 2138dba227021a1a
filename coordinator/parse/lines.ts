// The lines of a text as Python's splitlines has them, one at a time: a list of them could be larger than the text.

const END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

export function* linesOf(text: string): Generator<string> {
  let from = 0;
  for (const end of text.matchAll(END)) {
    yield text.slice(from, end.index);
    from = end.index + end[0].length;
  }
  if (from < text.length) yield text.slice(from);
}
