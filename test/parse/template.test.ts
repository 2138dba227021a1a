// Templates as people write them, and the rows that they give: every option, every action, and what goes wrong.
import { expect, test } from 'vitest';
import { TemplateError } from '../../coordinator/parse/flaw.ts';
import { type Cells, ParseError, parseText } from '../../coordinator/parse/machine.ts';
import { readTemplate } from '../../coordinator/parse/template.ts';

/** The template's lines without their indentation here, which is that of the first. */
function template(text: string): string {
  const lines = text.replace(/^\n/, '').replace(/\n *$/, '\n').split('\n');
  const indent = /^ */.exec(lines[0] ?? '')?.[0].length ?? 0;
  return lines.map((line) => line.slice(indent)).join('\n');
}

function rows(text: string, output: string): Cells[] {
  return parseText(readTemplate(template(text)), output);
}

function flaws(text: string): string[] {
  try {
    readTemplate(template(text));
    return [];
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return error.message.split('\n');
  }
}

test('a record holds what was found since the last one, and is emptied by being recorded', () => {
  const found = rows(
    `
    # ports and their speeds
    Value PORT (\\S+)
    Value SPEED (\\d+)

    # the only state
    Start
      # a comment between rules
      ^port \${PORT}
      ^speed $SPEED -> Record
    `,
    'port a\nspeed 10\nspeed 100\nport b\n',
  );
  expect(found).toEqual([
    ['a', '10'],
    ['', '100'],
    ['b', ''],
  ]);
});

test('the last record is kept at the end unless a state EOF is written down or End was reached', () => {
  const values = 'Value NAME (\\w+)\n\nStart\n';
  const from = (states: string) => parseText(readTemplate(values + states), 'one\nstop\ntwo\n');
  expect(from('  ^stop\n  ^$NAME\n')).toEqual([['two']]);
  expect(from('  ^stop\n  ^$NAME\n\nEOF\n')).toEqual([]);
  expect(from('  ^stop -> End\n  ^$NAME\n')).toEqual([]);
  expect(from('  ^stop -> End\n  ^$NAME\n\nEnd\n')).toEqual([]);
  expect(from('  ^stop -> EOF\n  ^$NAME\n')).toEqual([['one']]);
  expect(from('  ^stop -> Record End\n  ^$NAME\n')).toEqual([['one']]);
});

test('Filldown keeps a value for the records after it, until it is cleared with all others', () => {
  const found = rows(
    `
    Value Filldown SLOT (\\d)
    Value Required PORT (\\w+)

    Start
      ^slot \${SLOT}
      ^reset -> Clearall
      ^forget -> Clear
      ^port \${PORT} -> Record
    `,
    'slot 1\nport a\nport b\nforget\nport c\nreset\nport d\n',
  );
  expect(found).toEqual([
    ['1', 'a'],
    ['1', 'b'],
    ['1', 'c'],
    ['', 'd'],
  ]);
});

test('Fillup fills the empty values above it, up to the first that is not', () => {
  const found = rows(
    `
    Value PORT (\\w)
    Value Fillup VLAN (\\d+)

    Start
      ^port \${PORT} vlan \${VLAN} -> Record
      ^port \${PORT} -> Record
    `,
    'port a vlan 1\nport b\nport c\nport d vlan 2\nport e\n',
  );
  expect(found.map(([, vlan]) => vlan)).toEqual(['1', '2', '2', '2', '']);
});

test('a record without a Required value is dropped with all that it held', () => {
  const found = rows(
    `
    Value Required PORT (\\w)
    Value STATE (up|down)

    Start
      ^port \${PORT}
      ^\${STATE} -> Record
    `,
    'port a\nup\ndown\nport b\n',
  );
  expect(found).toEqual([
    ['a', 'up'],
    ['b', ''],
  ]);
});

test('a List gathers, and groups with names in it make an object of each item', () => {
  const found = rows(
    `
    Value NAME (\\w+)
    Value List ADDRESS (\\S+)
    Value List PEER ((?P<host>\\w+):(?P<port>\\d+)?)

    Start
      ^name \${NAME}
      ^ address \${ADDRESS}
      ^ peer \${PEER}
      ^end -> Record
    `,
    'name a\n address 1\n address 2\n peer x:80\n peer y:\nend\nname b\nend\n',
  );
  expect(found).toEqual([
    [
      'a',
      ['1', '2'],
      [
        { host: 'x', port: '80' },
        { host: 'y', port: null },
      ],
    ],
    ['b', [], []],
  ]);
});

test('a List that fills down grows, and the order of options says what Required looks at', () => {
  const gather = (options: string) =>
    rows(
      `
      Value ${options} ITEM (\\w+)
      Value NAME (\\w+)

      Start
        ^item \${ITEM}
        ^name \${NAME} -> Record

      EOF
      `,
      'item a\nname x\nitem b\nname y\nname z\n',
    );
  expect(gather('List,Filldown').map(([items]) => items)).toEqual([['a'], ['a', 'b'], ['a', 'b']]);
  expect(gather('List,Required').map(([items]) => items)).toEqual([['a'], ['b']]);
  expect(gather('Required,List').map(([items]) => items)).toEqual([['a'], ['b']]);
});

test('what took no part in a match is None in a list, as Python has it, and empty elsewhere', () => {
  const found = rows(
    `
    Value List MODE (\\w+)
    Value SPEED (\\d+)

    Start
      ^port( mode \${MODE})?( speed \${SPEED})? -> Record
    `,
    'port mode a\nport speed 1\n',
  );
  expect(found).toEqual([
    [['a'], ''],
    [['None'], '1'],
  ]);
});

test('Continue goes on with the rules below on the same line, with what was recorded', () => {
  const found = rows(
    `
    Value KEY (\\w+)
    Value VALUE (\\w+)

    Start
      ^\${KEY}=\${VALUE} -> Continue.Record
      ^\\S+ \${KEY}=\${VALUE} -> Continue.Record
      ^\\S+ \\S+ \${KEY}=\${VALUE} -> Next.Record
    `,
    'a=1 b=2 c=3\n',
  );
  expect(found).toEqual([
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
  ]);
});

test('states have rules of their own, and NoRecord says nothing new', () => {
  const found = rows(
    `
    Value NAME (\\w+)

    Start
    \t^-+$$ -> NoRecord Table

    Table
     ^\\s*$$ -> Start
     ^\${NAME} -> Next.Record Table
    `,
    'no\n---\na\nb\n\nno\n----\nc\n',
  );
  expect(found).toEqual([['a'], ['b'], ['c']]);
});

test('Error ends it with the rule, the line and the words that the template has for it', () => {
  const text = (rule: string) => `
    Value NAME (\\w+)

    Start
      ^name \${NAME} -> Record
      ^\\S ${rule}
    `;
  const error = (rule: string): unknown => {
    try {
      return rows(text(rule), 'name a\n? what\n');
    } catch (thrown) {
      return thrown;
    }
  };
  expect(error('-> Error')).toMatchObject({ message: '"? what"', ruleLine: 5, textLine: 2 });
  expect(error('-> Error "not a name"')).toMatchObject({ message: 'not a name: "? what"' });
  expect(error('-> Error.Record unknown')).toMatchObject({ message: 'unknown: "? what"' });
  expect(error('-> Error')).toBeInstanceOf(ParseError);
});

test('lines end where Python ends them, the last one may lack its end', () => {
  const found = rows(
    'Value LINE (.+)\n\nStart\n  ^$LINE -> Record\n',
    'a\r\nb\rc\x0bd\x0ce\x1cf\x85g\u2028h',
  );
  expect(found.flat()).toEqual([...'abcdefgh']);
});

test('a template without Values gives no rows, and its dollars are left alone', () => {
  expect(parseText(readTemplate('\nStart\n  ^a$$ -> Record\n'), 'a\n')).toEqual([]);
});

test('a small text that grows without end is refused before it takes the memory', () => {
  const text = 'Value List,Filldown ITEM (\\w+)\n\nStart\n  ^$ITEM -> Record\n';
  expect(() => rows(text, 'a\n'.repeat(3_000))).toThrow('more than 1000000 values');
});

test.each([
  ['Value\n\nStart\n', '1:1: found "Value", expected a Value, or a blank line before the first state'],
  [
    'Value A\n\nStart\n',
    '1:1: found "Value A", expected Value [OPTION,...] NAME (PATTERN), with single spaces',
  ],
  ['Value A \\d+\n\nStart\n', '1:7: option "A" (expected Filldown, Fillup, Required, List, Key)'],
  [
    'Value Fildown A (\\d)\n\nStart\n',
    '1:7: option "Fildown" (expected Filldown, Fillup, Required, List, Key; did you mean Filldown?)',
  ],
  ['Value Key,List,Key A (\\d)\n\nStart\n', '1:16: option Key is there already'],
  ['Value A-B (\\d)\n\nStart\n', '1:7: found "A-B", expected the name of a Value: letters, digits and _'],
  [`Value ${'A'.repeat(49)} (a)\n\nStart\n`, '1:7: a name has at most 48 characters'],
  ['Value A (a)\nValue A (b)\n\nStart\n', '2:7: Value A is there already'],
  ['Value Key A a\n\nStart\n', '1:13: found "a", expected a pattern in parentheses'],
  ['Value List A (a|(b)\n\nStart\n', '1:14: a ( that is not closed'],
  ['Value A (a)\nStart\n', '2:1: found "Start", expected a Value, or a blank line before the first state'],
  [
    'Value A (a)\n\n\nValue B (b)\n\nStart\n',
    '4:1: a Value behind a blank line (Values stand together at the beginning)',
  ],
  [
    'Value A (a)\n\nStart here\n',
    '3:1: found "Start here", expected the name of a state: letters, digits and _',
  ],
  [`Value A (a)\n\nStart\n\n${'s'.repeat(49)}\n`, '5:1: the name of a state has at most 48 characters'],
  ['Value A (a)\n\nStart\n\nRecord\n', "5:1: Record is an action and can't be the name of a state"],
  ['Value A (a)\n\nStart\n\nStart\n', '5:1: the state Start is there already'],
  ['Value A (a)\n\nStrat\n', '3:1: no state Start; did you mean Start in place of Strat?'],
  ['Value A (a)\n\nTable\n', '4:1: no state Start'],
  ['Value A (a)\n\nStart\n\nEOF\n  ^a\n', '6:1: the state EOF has rules; it ends the template'],
  [
    'Value A (a)\n\nStart\n   ^a\n',
    '4:1: found "   ^a", expected a rule: one or two spaces, or a tab, and then ^',
  ],
  [
    'Value A (a)\n\nStart\n  a\n',
    '4:1: found "  a", expected a rule: one or two spaces, or a tab, and then ^',
  ],
  [
    'Value A (a)\n\nStart\n  ^a$\n',
    '4:5: a single $ (expected $$ for the end of the line, or $ and the name of a Value)',
  ],
  ['Value NAME (a)\n\nStart\n  ^b $NAEM\n', '4:6: no Value NAEM; did you mean NAME?'],
  ['Value A (a)\n\nStart\n  ^$A $A\n', '4:7: Value A stands twice in one rule'],
  ['Value A (a)\n\nStart\n  ^b[\n', '4:5: a [ that is not closed'],
  [
    'Value A (x*+)\n\nStart\n  ^b $A\n',
    '1:11: possessive repetition, which is not supported (expected it without the +)',
  ],
  ['Value A (a)\n\nStart\n  ^$A b)\n', '4:8: a ) that closes nothing'],
  ['Value A (a)\n\nStart\n  ^a -> Recrod\n', '4:9: no state Recrod; did you mean Record?'],
  [
    'Value A (a)\n\nStart\n  ^a -> Next.Recrod\n',
    '4:9: found "Next.Recrod", expected [Next|Continue|Error][.Record|.NoRecord|.Clear|.Clearall] [STATE]; did you mean Next.Record?',
  ],
  [
    'Value A (a)\n\nStart\n  ^a -> Continue Start\n',
    '4:18: Continue stays in its state (found "Start" behind it, expected nothing)',
  ],
  [
    'Value A (a)\n\nStart\n  ^a -> "no"\n',
    '4:9: a text in quotes goes with Error (found "no", expected a state)',
  ],
  ['Value A (a)\n\nStart\n  ^a -> Record Tabel\n\nTable\n', '4:16: no state Tabel; did you mean Table?'],
])('%j is refused: %s', (text, message) => {
  expect(flaws(text)).toEqual([message]);
});

test('all that is wrong with a template is found at once', () => {
  const text = 'Value Lst A (a)\nValue B (b)\n\nStart\n  ^$B $C\n  ^b$\n  ^b -> Nirvana\n';
  expect(flaws(text).map((flaw) => flaw.replace(/: .*/, ''))).toEqual(['1:7', '5:7', '6:5', '7:9']);
});
