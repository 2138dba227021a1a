// Text from devices made harmless for a terminal: no control character, escape sequence or change of writing
// direction gets through, each is shown as a visible stand-in. And the little colour there is.

/**
 * C0 except tab and line feed, DEL, C1, what reorders text, and what is not seen: all that Unicode has for it, lone
 * halves of a pair, and more marks on a letter than any language puts there.
 */
const HARMFUL =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\p{Cf}\p{Default_Ignorable_Code_Point}\p{Surrogate}]|(?<=\p{M}{4})\p{M}/gu;

/** Shows what a terminal would obey: `\x1b` as `^[`, C1 and what is not seen as `<U+009B>`. */
export function harmless(text: string): string {
  return text.replace(HARMFUL, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return `^${String.fromCharCode(code + 0x40)}`;
    if (code === 0x7f) return '^?';
    return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
  });
}

/** The same for text that must stay on its line. */
export function harmlessLine(text: string): string {
  return harmless(text.replaceAll('\n', ' '));
}

export type Paint = (text: string, colour: 'red' | 'green' | 'yellow' | 'bold' | 'dim') => string;

const CODES = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const;

/** Colours where they are wanted: a terminal, no NO_COLOR, no --no-color. */
export function painter(isTerminal: boolean, noColor: boolean, environment: NodeJS.ProcessEnv): Paint {
  const off = !isTerminal || noColor || (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
  return off ? (text) => text : (text, colour) => `\u001b[${CODES[colour]}m${text}\u001b[0m`;
}

/** Whether its locale says that a terminal shows more than ASCII. */
export function showsUnicode({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');
}
