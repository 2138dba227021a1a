// A text with one slip in it: a character lost, typed or doubled, a line lost, repeated or indented.
import { pick } from './dice.ts';

export function changed(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  const end = at + Math.floor(random() * 30);
  const lines = text.split('\n');
  const line = Math.floor(random() * lines.length);
  switch (Math.floor(random() * 6)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1);
    case 1:
      return (
        text.slice(0, at) +
        pick([...'"\'{}[](),:;=-*&!|>%@`\\\n#~?.\u00a0\u2028\u20acxX0 <'], random) +
        text.slice(at)
      );
    case 2:
      return text.slice(0, at) + text.slice(at, end) + text.slice(at);
    case 3:
      return lines.toSpliced(line, 1).join('\n');
    case 4:
      return lines.toSpliced(line, 0, pick(lines, random)).join('\n');
    default:
      return lines
        .with(line, `${pick(['', ' ', '  ', '- ', '    '], random)}${lines[line]?.trimStart()}`)
        .join('\n');
  }
}
