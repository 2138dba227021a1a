// Policies that are wrong, each with everything a user is told about it. Read by bad.test.ts.

type BadPolicy = [title: string, content: string | Buffer, errors: string[]];

export const BAD_POLICIES: BadPolicy[] = [
  ['an empty file', '', ['p.yaml:1:1: this file is empty (expected a policy in YAML)']],
  [
    'a file of comments',
    '# nothing\n',
    ['p.yaml:1:1: this is no policy (found nothing, expected a map that begins with netsweep_policy: 1)'],
  ],
  [
    'bytes that are not UTF-8',
    Buffer.from('name: Zürich\n', 'latin1'),
    ['p.yaml:1:8: this is not UTF-8 (found other bytes)'],
  ],
  [
    'a control character',
    'netsweep_policy: 1\nname: \u0001\n',
    ['p.yaml:2:7: this is not a text file (found a control character)'],
  ],
  [
    'a list',
    '- a\n- b\n',
    [
      'p.yaml:1:1: this is no policy (found a list of 2 items, expected a map that begins with netsweep_policy: 1)',
    ],
  ],
  [
    'a text',
    'hello\n',
    ['p.yaml:1:1: this is no policy (found "hello", expected a map that begins with netsweep_policy: 1)'],
  ],
  [
    'an inventory',
    'devices:\n  R1: {host: h}\n',
    ['p.yaml:1:1: this is no policy (found no netsweep_policy, expected netsweep_policy: 1)'],
  ],
  [
    'a typo in the format',
    'netsweep_polcy: 1\nname: p\n',
    [
      'p.yaml:1:1: this is no policy (found "netsweep_polcy", expected netsweep_policy: 1; did you mean netsweep_policy?)',
    ],
  ],
  [
    'a format that is not known',
    'netsweep_policy: 2\nname: p\n',
    [
      "p.yaml:1:18: policies of this format can't be read (found the number 2, expected netsweep_policy: 1; a later netsweep may know it)",
    ],
  ],
  [
    'a format that is no number',
    'netsweep_policy: one\nname: p\n',
    [
      'p.yaml:1:18: policies of this format can\'t be read (found "one", expected netsweep_policy: 1; a later netsweep may know it)',
    ],
  ],
  [
    'an open quote',
    'netsweep_policy: 1\nname: "p\n',
    ['p.yaml:3:1: a quote is still open here (expected a closing ")'],
  ],
  [
    'an open bracket',
    'netsweep_policy: 1\nname: p\nrules: [\n',
    ['p.yaml:4:1: a bracket is still open here (expected a closing ])'],
  ],
  [
    'a tab as indentation',
    'netsweep_policy: 1\nname: p\nrules:\n\t- {id: R}\n',
    ['p.yaml:4:1: a tab is used as indentation (expected spaces)'],
  ],
  [
    'a backslash in double quotes',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: "^a\\s"}\n',
    ['p.yaml:4:73: this escape in a double-quoted text is not valid (expected \\\\ for a backslash)'],
  ],
  [
    'a pattern that is taken for a list',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: c, present: [a-z]+}\n',
    ['p.yaml:4:64: this does not fit here (expected a comma, a bracket or a new line before it)'],
  ],
  [
    'a key given twice',
    'netsweep_policy: 1\nname: p\nname: q\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    ['p.yaml:3:1: "name" is given twice (first at 2:1)'],
  ],
  [
    'a key given twice in a rule',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x, present: y}\n',
    ['p.yaml:4:73: "present" is given twice (first at 4:61)'],
  ],
  [
    'no name',
    'netsweep_policy: 1\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    ['p.yaml:1:1: a policy has no name (expected one such as campus-baseline)'],
  ],
  [
    'a name with a space',
    'netsweep_policy: 1\nname: my policy\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    ['p.yaml:2:7: name cannot be used (found "my policy", expected up to 64 letters, digits, dots, - and _)'],
  ],
  [
    'a name that is a list',
    'netsweep_policy: 1\nname: [a]\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    ['p.yaml:2:7: name is not text (found a list of 1 item, expected text)'],
  ],
  [
    'an unknown key',
    'netsweep_policy: 1\nname: p\nauthor: me\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    [
      'p.yaml:3:1: unknown key in a policy (found "author", expected netsweep_policy, name, title, devices, rules, waivers, tests, extends, except or change)',
    ],
  ],
  [
    'a typo in a key',
    'netsweep_policy: 1\nname: p\nruls:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    [
      'p.yaml:1:1: the policy says nothing (found neither rules nor waivers, expected rules)',
      'p.yaml:3:1: unknown key in a policy (found "ruls"; did you mean rules?)',
    ],
  ],
  [
    "another tool's word for a key",
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\nexceptions: []\n',
    ['p.yaml:5:1: unknown key in a policy (found "exceptions"; did you mean waivers?)'],
  ],
  [
    'nothing in it',
    'netsweep_policy: 1\nname: p\n',
    ['p.yaml:1:1: the policy says nothing (found neither rules nor waivers, expected rules)'],
  ],
  [
    'rules that are no list',
    'netsweep_policy: 1\nname: p\nrules: {R: {id: R, severity: low, title: t, command: show version, present: x}}\n',
    ['p.yaml:3:8: rules is not a list (found a map of 1 field, expected rules, such as {id: SSH-1, ...})'],
  ],
  [
    'rules without a value',
    'netsweep_policy: 1\nname: p\nrules:\n',
    ['p.yaml:3:1: rules is empty (found nothing, expected a value or no rules)'],
  ],
  [
    'a rule that is a text',
    'netsweep_policy: 1\nname: p\nrules:\n  - SSH-1\n',
    ['p.yaml:4:5: an item of rules is no map (found "SSH-1", expected rules, such as {id: SSH-1, ...})'],
  ],
  [
    'devices that are empty',
    'netsweep_policy: 1\nname: p\ndevices: {}\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    ['p.yaml:3:10: devices is empty (expected limit or platform, or no devices for all)'],
  ],
  [
    'an unknown key in devices',
    'netsweep_policy: 1\nname: p\ndevices: {site: dc1}\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    ['p.yaml:3:11: unknown key in devices (found "site", expected limit or platform)'],
  ],
  [
    "another tool's word in devices",
    'netsweep_policy: 1\nname: p\ndevices: {platforms: [cisco_ios]}\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    ['p.yaml:3:11: unknown key in devices (found "platforms"; did you mean platform?)'],
  ],
  [
    'an unknown platform',
    'netsweep_policy: 1\nname: p\ndevices: {platform: cisco_iso}\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    [
      'p.yaml:3:21: unknown platform (found "cisco_iso", expected a name that netsweep platforms list shows; did you mean cisco_ios?)',
    ],
  ],
  [
    'a platform nobody knows',
    'netsweep_policy: 1\nname: p\ndevices: {platform: [toaster]}\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    ['p.yaml:3:22: unknown platform (found "toaster", expected a name that netsweep platforms list shows)'],
  ],
  [
    'a platform named twice',
    'netsweep_policy: 1\nname: p\ndevices: {platform: [cisco_ios, ios]}\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    ['p.yaml:3:33: platform names one twice (found "ios", which is "cisco_ios" again)'],
  ],
  [
    'no platform in a list',
    'netsweep_policy: 1\nname: p\ndevices: {platform: []}\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    ['p.yaml:3:21: platform is an empty list (expected at least one item)'],
  ],
  [
    'a limit that is no expression',
    "netsweep_policy: 1\nname: p\ndevices: {limit: 'core:&'}\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n",
    ['p.yaml:3:18: limit: has an empty term (found "core:&", expected a pattern after "&")'],
  ],
  [
    'a limit with a broken pattern',
    "netsweep_policy: 1\nname: p\ndevices: {limit: '~sw['}\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n",
    ['p.yaml:3:18: limit: "~sw[": this regular expression is not valid'],
  ],
  [
    'a limit that is a list',
    'netsweep_policy: 1\nname: p\ndevices: {limit: [core]}\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    ['p.yaml:3:18: limit is not text (found a list of 1 item, expected text)'],
  ],
  [
    'no id',
    'netsweep_policy: 1\nname: p\nrules:\n  - {severity: low, title: t, command: c, present: x}\n',
    ['p.yaml:4:5: a rule has no id (expected one such as SSH-1)'],
  ],
  [
    'an id with a space',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: SSH 1, severity: low, title: t, command: c, present: x}\n',
    [
      'p.yaml:4:10: id cannot be used (found "SSH 1", expected up to 64 letters, digits, dots, - and _, such as SSH-1)',
    ],
  ],
  [
    'an id given twice',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\n  - {id: R, severity: low, title: t, command: show version, present: x}\n',
    ['p.yaml:5:10: rule "R" is given twice (also at p.yaml:4:10)'],
  ],
  [
    'no severity',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, title: t, command: c, present: x}\n',
    ['p.yaml:4:5: a rule has no severity (expected low, medium, high or critical)'],
  ],
  [
    'a typo in the severity',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: hihg, title: t, command: c, present: x}\n',
    [
      'p.yaml:4:23: severity is not known (found "hihg", expected low, medium, high or critical; did you mean high?)',
    ],
  ],
  [
    'a severity that is not known',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: 5, title: t, command: c, present: x}\n',
    ['p.yaml:4:23: severity is not known (found the number 5, expected low, medium, high or critical)'],
  ],
  [
    'no title',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, command: c, present: x}\n',
    ['p.yaml:4:5: a rule has no title (expected one line that says what should be)'],
  ],
  [
    'an empty title',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: '', command: c, present: x}\n",
    ['p.yaml:4:35: title is not text (found an empty text, expected text)'],
  ],
  [
    'a title of two lines',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: "a\\nb", command: c, present: x}\n',
    ['p.yaml:4:35: title is not one line (found "a\\nb", expected one line of text)'],
  ],
  [
    'no command',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, present: x}\n',
    ['p.yaml:4:5: a rule has no command (expected what is asked of the device, such as show version)'],
  ],
  [
    "another tool's word for the command",
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, commands: [c], present: x}\n',
    [
      'p.yaml:4:5: a rule has no command (expected what is asked of the device, such as show version)',
      'p.yaml:4:38: unknown key in a rule (found "commands"; did you mean command?)',
    ],
  ],
  [
    'a command that writes',
    'netsweep_policy: 1\nname: p\ndevices: {platform: [cisco_ios, cisco_xe]}\nrules:\n  - {id: R, severity: low, title: t, command: reload, present: x}\n',
    [
      'p.yaml:5:47: command is not one that only reads on cisco_ios (found "reload")',
      'p.yaml:5:47: command is not one that only reads on cisco_xe (found "reload")',
    ],
  ],
  [
    'a command by an unknown platform',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: {ios_xyz: show version}, present: x}\n',
    ['p.yaml:4:48: unknown platform (found "ios_xyz", expected a name that netsweep platforms list shows)'],
  ],
  [
    'a command that a platform lacks',
    'netsweep_policy: 1\nname: p\ndevices: {platform: [cisco_ios, cisco_xe]}\nrules:\n  - {id: R, severity: low, title: t, command: {cisco_ios: show version}, present: x}\n',
    ['p.yaml:5:47: command says nothing for cisco_xe (expected a value for each platform of the rule)'],
  ],
  [
    'a rule for a platform outside of its policy',
    'netsweep_policy: 1\nname: p\ndevices: {platform: [cisco_ios, cisco_xe]}\nrules:\n  - {id: R, severity: low, title: t, devices: {platform: arista_eos}, command: show version, present: x}\n',
    [
      'p.yaml:5:38: the rule is for a platform that its policy is not for (found arista_eos, expected cisco_ios or cisco_xe)',
    ],
  ],
  [
    'a typo in a key of a rule',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, presnt: x}\n',
    [
      'p.yaml:4:5: a rule has no check (expected one of present, absent, count, capture, rows, golden, unchanged_since, same_as or any)',
      'p.yaml:4:61: unknown key in a rule (found "presnt"; did you mean present?)',
    ],
  ],
  [
    "another tool's word for a check",
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, must_contain: x}\n',
    [
      'p.yaml:4:5: a rule has no check (expected one of present, absent, count, capture, rows, golden, unchanged_since, same_as or any)',
      'p.yaml:4:61: unknown key in a rule (found "must_contain"; did you mean present?)',
    ],
  ],
  [
    'an unknown key in a rule',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x, colour: red}\n',
    [
      'p.yaml:4:73: unknown key in a rule (found "colour", expected id, severity, title, reference, remedy, devices, command, when, unless, blocks, with, without, which, present, absent, count, capture, rows, golden, unchanged_since, same_as, any, equals, includes, among, at_least, at_most, pick, as, ignore or none)',
    ],
  ],
  [
    'no check',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: c}\n',
    [
      'p.yaml:4:5: a rule has no check (expected one of present, absent, count, capture, rows, golden, unchanged_since, same_as or any)',
    ],
  ],
  [
    'two checks',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x, absent: y}\n',
    ['p.yaml:4:73: a rule has 2 checks (found present, absent, expected exactly one: make a rule of each)'],
  ],
  [
    'three checks',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x, absent: y, count: z, equals: 1}\n',
    [
      'p.yaml:4:73: a rule has 3 checks (found present, absent, count, expected exactly one: make a rule of each)',
    ],
  ],
  [
    'a check without a value',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: }\n',
    ['p.yaml:4:61: present is empty (found nothing, expected a value or no present)'],
  ],
  [
    'a pattern that does not compile',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: '^line (vty'}\n",
    ['p.yaml:4:70: present is not a regular expression (found "^line (vty": unterminated group)'],
  ],
  [
    'a pattern with a lone star',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: '*'}\n",
    ['p.yaml:4:70: present is not a regular expression (found "*": nothing to repeat)'],
  ],
  [
    'a pattern of Python',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: '(?P<name>x)'}\n",
    [
      'p.yaml:4:70: present is not a regular expression (found "(?P<name>x)": invalid group, expected (?<name>...) for a named group)',
    ],
  ],
  [
    'flags in the middle of a pattern',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: 'a(?i)b'}\n",
    [
      'p.yaml:4:70: present is not a regular expression (found "a(?i)b": invalid group, expected (?i) at the very start, and no other flag)',
    ],
  ],
  [
    'an anchor of another language',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: '\\Aversion'}\n",
    ['p.yaml:4:70: present is not a pattern here (found "\\\\Aversion", expected ^ for the start of a line)'],
  ],
  [
    'a possessive pattern',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: 'a++b'}\n",
    [
      'p.yaml:4:70: present is not a regular expression (found "a++b": nothing to repeat, expected no possessive + after a repetition)',
    ],
  ],
  [
    'a pattern over two lines',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: 'a\\nb'}\n",
    ['p.yaml:4:70: present is tried on one line (found a line end in "a\\\\nb", expected none)'],
  ],
  [
    'an empty pattern',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: ''}\n",
    ['p.yaml:4:70: present is not text (found an empty text, expected text)'],
  ],
  [
    'a pattern that is a number',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: 15}\n',
    ['p.yaml:4:70: present is not text (found the number 15, expected text in quotes)'],
  ],
  [
    'no pattern in a list',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: []}\n',
    ['p.yaml:4:70: present is an empty list (expected at least one item)'],
  ],
  [
    'a pattern twice in a list',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: [x, x]}\n',
    ['p.yaml:4:74: present names one twice (found "x" again)'],
  ],
  [
    'a map of two forms',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: {all: [x], any: [y]}}\n',
    [
      'p.yaml:4:70: present is not clear (found all and any, expected one of all, any, lines, any_lines or block)',
    ],
  ],
  [
    'a map of no form',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: {ordered: true}}\n',
    [
      'p.yaml:4:70: present is not clear (found a map of 1 field, expected one of all, any, lines, any_lines or block)',
    ],
  ],
  [
    'a form that absent does not have',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, absent: {any: [x]}}\n',
    [
      'p.yaml:4:69: absent is not clear (found a map of 1 field, expected one of lines or block)',
      'p.yaml:4:70: unknown key in absent (found "any", expected lines, block, ordered or exact)',
    ],
  ],
  [
    'exact beside lines',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: {lines: [x], exact: true}}\n',
    ['p.yaml:4:83: exact goes with block (found it beside lines)'],
  ],
  [
    'ordered that is neither true nor false',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: {all: [x], ordered: maybe}}\n',
    ['p.yaml:4:90: ordered is neither true nor false (found "maybe", expected true or false)'],
  ],
  [
    'a block without lines below',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: {block: "interface x"}}\n',
    [
      'p.yaml:4:78: present: block has no lines below its first (found "interface x", expected a head, and below it lines with more indentation)',
    ],
  ],
  [
    'a field with a broken name',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: '^{{ a b }}$'}\n",
    ['p.yaml:4:70: present: this is no name of a field (found "a b", expected letters, digits and _)'],
  ],
  [
    "a login's field",
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: '^{{ password }}$'}\n",
    [
      'p.yaml:4:70: present: a login\'s field is not at hand here (found "password", expected another field of the inventory)',
    ],
  ],
  [
    'no group in capture',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: 'Version \\S+', equals: [a]}\n",
    [
      'p.yaml:4:70: capture has no group (found "Version \\\\S+", expected exactly one ( ) around what is captured)',
    ],
  ],
  [
    'two groups in capture',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(V)ersion (\\S+)', equals: [a]}\n",
    [
      'p.yaml:4:70: capture has 2 groups (found "(V)ersion (\\\\S+)", expected exactly one ( ) around what is captured, and (?: ) for the others)',
    ],
  ],
  [
    'a capture that is compared with nothing',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)'}\n",
    [
      'p.yaml:4:61: capture is compared with nothing (expected equals, includes, among, at_least or at_most beside it)',
    ],
  ],
  [
    'a comparison beside present',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x, equals: [a]}\n',
    ['p.yaml:4:73: equals goes with count, capture or rows (found it beside present)'],
  ],
  [
    'a typo in a comparison',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)', equls: [a]}\n",
    [
      'p.yaml:4:61: capture is compared with nothing (expected equals, includes, among, at_least or at_most beside it)',
      'p.yaml:4:77: unknown key in a rule (found "equls"; did you mean equals?)',
    ],
  ],
  [
    'a version that is not quoted',
    "netsweep_policy: 1\nname: p\ndevices: {platform: [cisco_ios, cisco_xe]}\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)', at_least: 17.10}\n",
    [
      "p.yaml:5:87: at_least has to be quoted (found 17.10, which YAML reads as the number 17.1, expected '17.10')",
    ],
  ],
  [
    'a version that is not quoted, by platform',
    "netsweep_policy: 1\nname: p\ndevices: {platform: [cisco_ios, cisco_xe]}\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)', at_least: {cisco_ios: '15.2(7)E8', cisco_xe: 17.9}}\n",
    [
      "p.yaml:5:122: at_least has to be quoted (found 17.9, which YAML reads as the number 17.9, expected '17.9')",
    ],
  ],
  [
    'a value that is not quoted',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)', equals: [2.0]}\n",
    ["p.yaml:4:86: equals has to be quoted (found 2.0, which YAML reads as the number 2, expected '2.0')"],
  ],
  [
    'a version of another platform',
    "netsweep_policy: 1\nname: p\ndevices: {platform: [cisco_ios, cisco_xe]}\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)', at_least: {cisco_ios: '17.09.04a', cisco_xe: '17.09.04a'}}\n",
    [
      'p.yaml:5:99: at_least is no version of cisco_ios (found "17.09.04a", expected one such as \'15.2(7)E8\', or a number without quotes)',
    ],
  ],
  [
    'a version that is none',
    "netsweep_policy: 1\nname: p\ndevices: {platform: [cisco_ios, cisco_xe]}\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)', at_least: 'latest'}\n",
    [
      'p.yaml:5:87: at_least is no version of cisco_ios (found "latest", expected one such as \'15.2(7)E8\', or a number without quotes)',
      'p.yaml:5:87: at_least is no version of cisco_xe (found "latest", expected one such as \'17.09.04a\', or a number without quotes)',
    ],
  ],
  [
    'a platform without a version',
    "netsweep_policy: 1\nname: p\ndevices: {platform: [cisco_ios, cisco_xe]}\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)', at_least: {cisco_ios: '15.2(7)E8'}}\n",
    ['p.yaml:5:87: at_least says nothing for cisco_xe (expected a value for each platform of the rule)'],
  ],
  [
    'a truth as a value',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)', equals: [true]}\n",
    [
      'p.yaml:4:86: equals is no value to compare with (found true, expected text in quotes, a list of texts, {field: NAME} or values by platform)',
    ],
  ],
  [
    'nothing to be among',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)', among: []}\n",
    ['p.yaml:4:84: among is an empty list (expected at least one value)'],
  ],
  [
    'an empty range',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)', at_least: 10, at_most: 5}\n",
    ['p.yaml:4:91: nothing is at least 10 and at most 5 (expected at_most above at_least)'],
  ],
  [
    'a text where a number is said to be',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)', at_least: many, as: number}\n",
    ['p.yaml:4:87: at_least is no number (found "many", expected one, as the rule has as: number)'],
  ],
  [
    'an unknown key beside a field',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)', equals: {field: x, default: y}}\n",
    ['p.yaml:4:96: unknown key in equals (found "default", expected field or missing)'],
  ],
  [
    "a login's field as a value",
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)', equals: {field: password}}\n",
    [
      'p.yaml:4:93: equals: a login\'s field is not at hand here (found "password", expected another field of the inventory)',
    ],
  ],
  [
    'a pick that is not known',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, capture: '(a)', equals: [a], pick: frist}\n",
    ['p.yaml:4:96: pick is not known (found "frist", expected all, first or last; did you mean first?)'],
  ],
  [
    'pick beside present',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x, pick: first}\n',
    ['p.yaml:4:73: pick goes with capture or rows (found it beside present)'],
  ],
  [
    'a count of no number',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, count: x, equals: ['two']}\n",
    ['p.yaml:4:79: equals is no number of lines (expected one such as 2)'],
  ],
  [
    'a count compared as a set',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, count: x, includes: [1]}\n',
    ['p.yaml:4:71: count is compared by equals, at_least or at_most (found includes)'],
  ],
  [
    'which without blocks',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x, which: any}\n',
    ['p.yaml:4:73: which goes with blocks (found no blocks)'],
  ],
  [
    'blocks beside golden',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, blocks: '^line ', golden: x}\n",
    ['p.yaml:4:61: blocks goes with present, absent, count or capture (found it beside golden)'],
  ],
  [
    'which that is not known',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, blocks: '^line ', which: some, present: x}\n",
    ['p.yaml:4:86: which is not known (found "some", expected all or any)'],
  ],
  [
    'rows that are no JMESPath',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, rows: "[?x=="}\n',
    ['p.yaml:4:67: rows is not JMESPath (found "[?x==": Syntax error: invalid token (EOF): "")'],
  ],
  [
    'rows with an unknown function',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, rows: "lenght(@)"}\n',
    ['p.yaml:4:67: rows is not JMESPath (found "lenght(@)": Unknown function: lenght())'],
  ],
  [
    'ignore beside present',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x, ignore: y}\n',
    ['p.yaml:4:73: ignore goes with golden or same_as (found it beside present)'],
  ],
  [
    'a date that is none',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, unchanged_since: yesterday}\n',
    ['p.yaml:4:78: unchanged_since is no date (found "yesterday", expected one such as \'2027-01-31\')'],
  ],
  [
    'a day that is not in the calendar',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, unchanged_since: '2026-02-30'}\n",
    [
      'p.yaml:4:78: unchanged_since is no day of the calendar (found "2026-02-30", expected one such as \'2027-01-31\')',
    ],
  ],
  [
    'same_as of somebody else',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, same_as: R1}\n',
    ['p.yaml:4:70: same_as is not known (found "R1", expected majority)'],
  ],
  [
    'any that is no list',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, any: x}\n',
    ["p.yaml:4:66: any is no list of checks (expected two at least, such as {present: '^copp '})"],
  ],
  [
    'any of one check',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, any: [{present: x}]}\n',
    ["p.yaml:4:66: any is no list of checks (expected two at least, such as {present: '^copp '})"],
  ],
  [
    'a waiver of no rule',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\nwaivers:\n  - {rule: S, devices: all, owner: o, reason: r, expires: '2027-01-31'}\n",
    ['p.yaml:6:12: a waiver of no rule (found "S", expected the id of a rule; did you mean R?)'],
  ],
  [
    'a waiver without an owner',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\nwaivers:\n  - {rule: R, devices: all, reason: r, expires: '2027-01-31'}\n",
    ['p.yaml:6:5: a waiver has no owner (expected who answers for it)'],
  ],
  [
    'a waiver without a reason',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\nwaivers:\n  - {rule: R, devices: all, owner: o, expires: '2027-01-31'}\n",
    ['p.yaml:6:5: a waiver has no reason (expected why, or where it is written)'],
  ],
  [
    'a waiver without an end',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\nwaivers:\n  - {rule: R, devices: all, owner: o, reason: r}\n',
    ["p.yaml:6:5: a waiver has no expires (expected its last day, such as '2027-01-31')"],
  ],
  [
    'a waiver without devices',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\nwaivers:\n  - {rule: R, owner: o, reason: r, expires: '2027-01-31'}\n",
    ['p.yaml:6:5: a waiver has no devices (expected a limit such as lab-*, or all)'],
  ],
  [
    'a waiver that ends on no day',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\nwaivers:\n  - {rule: R, devices: all, owner: o, reason: r, expires: '2027-02-29'}\n",
    [
      'p.yaml:6:59: expires is no day of the calendar (found "2027-02-29", expected one such as \'2027-01-31\')',
    ],
  ],
  [
    'a waiver that ends in words',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\nwaivers:\n  - {rule: R, devices: all, owner: o, reason: r, expires: next year}\n',
    ['p.yaml:6:59: expires is no date (found "next year", expected one such as \'2027-01-31\')'],
  ],
  [
    "another tool's word in a waiver",
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\nwaivers:\n  - {rule: R, devices: all, owner: o, reason: r, expires: '2027-01-31', until: x}\n",
    ['p.yaml:6:73: unknown key in a waiver (found "until"; did you mean expires?)'],
  ],
  [
    'a waiver of broken devices',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\nwaivers:\n  - {rule: R, devices: '~(', owner: o, reason: r, expires: '2027-01-31'}\n",
    ['p.yaml:6:24: devices: "~(": this regular expression is not valid'],
  ],
  [
    'a test of no rule',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\ntests:\n  - {rule: S, text: x, expect: pass}\n',
    ['p.yaml:6:5: a test of no rule (found "S", expected the id of a rule; did you mean R?)'],
  ],
  [
    'a test without a text',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\ntests:\n  - {rule: R, expect: pass}\n',
    ['p.yaml:6:5: a test has neither text nor file (expected one of them)'],
  ],
  [
    'a test with text and file',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\ntests:\n  - {rule: R, text: x, file: y, expect: pass}\n',
    ['p.yaml:6:24: a test has both text and file (expected one of them)'],
  ],
  [
    'a test of a file that is not there',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\ntests:\n  - {rule: R, file: nowhere.txt, expect: pass}\n',
    ['p.yaml:6:21: file cannot be read (found "nowhere.txt": ENOENT)'],
  ],
  [
    'a test that expects nothing',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\ntests:\n  - {rule: R, text: x}\n',
    ['p.yaml:6:5: a test has no expect (expected pass, fail, error, unknown, not-applicable)'],
  ],
  [
    'a test that expects something else',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\ntests:\n  - {rule: R, text: x, expect: failed}\n',
    [
      'p.yaml:6:32: expect is not known (found "failed", expected pass, fail, error, unknown or not-applicable; did you mean fail?)',
    ],
  ],
  [
    'a test on an unknown platform',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\ntests:\n  - {rule: R, text: x, expect: pass, platform: toaster}\n',
    ['p.yaml:6:48: unknown platform (found "toaster", expected a name that netsweep platforms list shows)'],
  ],
  [
    'a test with fields that are no map',
    'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show version, present: x}\ntests:\n  - {rule: R, text: x, expect: pass, fields: [a]}\n',
    [
      'p.yaml:6:46: fields is no map (found a list of 1 item, expected inventory fields, such as {site: dc1})',
    ],
  ],
  [
    'several mistakes at once',
    "netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: lo, title: t, command: c, present: '('}\n  - {id: S, title: t, command: c, absent: x, count: y}\n",
    [
      'p.yaml:4:23: severity is not known (found "lo", expected low, medium, high or critical; did you mean low?)',
      'p.yaml:4:58: present is not a regular expression (found "(": unterminated group)',
      'p.yaml:5:5: a rule has no severity (expected low, medium, high or critical)',
      'p.yaml:5:46: a rule has 2 checks (found absent, count, expected exactly one: make a rule of each)',
    ],
  ],
];
