// What SARIF 2.1.0 asks of the parts of it that we write, by its specification: which properties an object must have and may
// have, and what they may hold. Properties that we do not write are wrong here, whether or not it knows them.

type Check = (value: unknown, at: string) => string[];

const text: Check = (value, at) => (typeof value === 'string' ? [] : [`${at} is no text`]);
const flag: Check = (value, at) => (typeof value === 'boolean' ? [] : [`${at} is no boolean`]);
const anything: Check = () => [];
const one = (...values: string[]): Check => {
  return (value, at) => (values.includes(String(value)) ? [] : [`${at} is ${String(value)}`]);
};
const matching = (pattern: RegExp): Check => {
  return (value, at) =>
    typeof value === 'string' && pattern.test(value) ? [] : [`${at} is ${String(value)}`];
};
const from = (least: number): Check => {
  return (value, at) =>
    Number.isInteger(value) && Number(value) >= least ? [] : [`${at} is ${String(value)}`];
};
const list = (of: Check, least = 0): Check => {
  return (value, at) => {
    if (!Array.isArray(value) || value.length < least) return [`${at} is no list of ${least} at least`];
    return value.flatMap((item, place) => of(item, `${at}[${place}]`));
  };
};
const map = (of: Check): Check => {
  return (value, at) => Object.entries(value as object).flatMap(([key, item]) => of(item, `${at}.${key}`));
};
const object = (must: Record<string, Check>, may: Record<string, Check> = {}): Check => {
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at} is no object`];
    const missing = Object.keys(must).filter((key) => !Object.hasOwn(value, key));
    const known: Record<string, Check> = { ...must, ...may };
    return [
      ...missing.map((key) => `${at} has no ${key}`),
      ...Object.entries(value).flatMap(
        ([key, item]) => known[key]?.(item, `${at}.${key}`) ?? [`${at} has a property ${key}`],
      ),
    ];
  };
};

const uri = matching(/^(?:[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=-]|%[0-9A-F]{2})+$/);
const message = object({ text });
const level = one('none', 'note', 'warning', 'error');
const region = object({ startLine: from(1) });
const location = object(
  { physicalLocation: object({ artifactLocation: object({ uri }), region }) },
  { message },
);
const rule = object(
  { id: text },
  {
    ...{ shortDescription: message, fullDescription: message, help: message, helpUri: uri },
    ...{ defaultConfiguration: object({ level }), properties: anything },
  },
);
const suppression = object(
  { kind: one('inSource', 'external') },
  { status: one('accepted', 'underReview', 'rejected'), justification: text },
);
const result = object(
  { message },
  {
    ...{
      ruleId: text,
      ruleIndex: from(0),
      level,
      locations: list(location),
      relatedLocations: list(location),
    },
    kind: one('notApplicable', 'pass', 'fail', 'review', 'open', 'informational'),
    ...{ partialFingerprints: map(text), suppressions: list(suppression) },
  },
);
const notification = object({ message }, { level, associatedRule: object({ id: text }) });
const invocation = object(
  { executionSuccessful: flag },
  {
    endTimeUtc: matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
    toolExecutionNotifications: list(notification),
  },
);
const run = object(
  {
    tool: object({
      driver: object({ name: text }, { version: text, informationUri: uri, rules: list(rule) }),
    }),
  },
  {
    ...{ results: list(result), invocations: list(invocation), properties: anything },
    columnKind: one('utf16CodeUnits', 'unicodeCodePoints'),
    automationDetails: object({ id: text }),
  },
);
const log = object({ version: one('2.1.0'), runs: list(run, 1) }, { $schema: uri });

/** Everything that is wrong with a log, in words. */
export function sarifProblems(value: unknown): string[] {
  return log(value, 'log');
}
