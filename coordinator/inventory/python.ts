// A Python file of netmiko dictionaries. Only the assignments of its top level are read, never run. Code around them
// is passed over unless it would change or make devices, for then the file means more than can be read.
import { parser } from '@lezer/python';
import type { InventoryDocument, Located, LocatedDevice, Place, Source } from './located.js';
import { isOrHoldsDevice, PythonDevices } from './pythondevices.js';
import { childrenOf, PythonLiterals, type SyntaxNode, type SyntaxTree } from './pythonliteral.js';
import { type Issues, quote } from './wording.js';

const CHANGES = new Set(['append', 'extend', 'insert', 'update', 'setdefault', 'pop', 'remove', 'clear']);
const CLOSERS: Record<string, string> = { '{': '}', '[': ']', '(': ')' };

export function readPython(source: Source, issues: Issues): InventoryDocument {
  const tree = parser.parse(source.text);
  if (reportSyntax(tree, source, issues)) return { defaults: null, groups: null, devices: [] };
  const reader = new PythonReader(source, issues);
  for (const statement of childrenOf(tree.topNode)) reader.statement(statement);
  return { defaults: null, groups: null, devices: reader.devices() };
}

class PythonReader {
  private readonly literals: PythonLiterals;
  private readonly found: PythonDevices;

  constructor(
    source: Source,
    private readonly issues: Issues,
  ) {
    this.literals = new PythonLiterals(source, issues);
    this.found = new PythonDevices(issues);
  }

  devices(): LocatedDevice[] {
    return this.found.list(this.literals.bases);
  }

  statement(node: SyntaxNode): void {
    if (node.name === 'AssignStatement') this.assign(node);
    else if (!isPassedOver(node) && !this.isMain(node)) {
      const isChange =
        node.name === 'UpdateStatement'
          ? this.refuseChange(node, childrenOf(node)[0], [])
          : node.name === 'ExpressionStatement' && this.refuseCall(node);
      if (!isChange) this.refuseHidden(node);
    }
  }

  private assign(node: SyntaxNode): void {
    const sides = sidesOf(node);
    const values = sides.pop();
    if (values === undefined || values.nodes.length === 0) return;
    const read = values.nodes.map((value) => this.literals.read(value));
    const single = values.nodes.length === 1 && !values.hasComma ? read[0] : undefined;
    for (const targets of sides) {
      const whole: Located = single ?? { at: this.literals.place(node), kind: 'list', items: read };
      if (targets.nodes.length === 1) this.set(targets.nodes[0], whole, values.nodes);
      else if (targets.nodes.length === read.length)
        targets.nodes.forEach((target, index) => {
          this.set(target, read[index] ?? whole, values.nodes.slice(index, index + 1));
        });
    }
  }

  private set(target: SyntaxNode | undefined, value: Located, written: SyntaxNode[]): void {
    if (target?.name !== 'VariableName') {
      if (target !== undefined && firstDeviceLiteral(target, this.literals) !== null)
        this.issues.report(
          this.literals.place(target),
          'a value is given to a dictionary (expected one assignment on each line)',
        );
      this.refuseChange(target, target?.firstChild, written);
      return;
    }
    const name = this.literals.textOf(target);
    if (value.kind === 'opaque') this.refuseMade(value.words, value.at, written[0]);
    this.literals.bind(name, value);
    this.found.set(name, this.literals.place(target), value);
  }

  /** `R1.update(...)`, `nodes.append(R2)`. */
  private refuseCall(node: SyntaxNode): boolean {
    const call = node.firstChild;
    const member = call?.name === 'CallExpression' ? call.firstChild : null;
    const property = member?.getChild('PropertyName');
    if (!member || !property || !CHANGES.has(this.literals.textOf(property))) return false;
    return this.refuseChange(node, member.firstChild, childrenOf(call?.getChild('ArgList') ?? node));
  }

  /** A change is refused where it would change a device or a group, or make one. */
  private refuseChange(
    node: SyntaxNode | undefined,
    base: SyntaxNode | null | undefined,
    given: SyntaxNode[],
  ): boolean {
    if (!node || base?.name !== 'VariableName') return false;
    const name = this.literals.textOf(base);
    const isBound = this.literals.valueOf(name) !== undefined;
    if (!isBound || !(this.namesDevice(base) || given.some((argument) => this.namesDevice(argument))))
      return false;
    this.issues.report(
      this.literals.place(node),
      `${quote(name)} is changed after it was set (expected everything in one literal, for the file is not run)`,
    );
    return true;
  }

  /** Whether an expression is a device or group by name, or a device literal. */
  private namesDevice(node: SyntaxNode | null | undefined): boolean {
    if (!node) return false;
    if (node.name === 'VariableName')
      return isOrHoldsDevice(this.literals.valueOf(this.literals.textOf(node)));
    return node.name === 'DictionaryExpression' && hasDeviceKey(node, this.literals);
  }

  /** Copies, unions, comprehensions: a value that has to be computed, and would be a device. */
  private refuseMade(words: string, at: Place, node: SyntaxNode | undefined): void {
    if (node === undefined) return;
    if (this.isMadeOfDevices(node))
      this.issues.report(at, `this cannot be read (found ${words}, expected a literal)`);
    else this.refuseHidden(node);
  }

  private isMadeOfDevices(node: SyntaxNode): boolean {
    const [first, second] = childrenOf(node);
    if (node.name === 'BinaryExpression')
      return childrenOf(node).some((operand) => this.namesDevice(operand));
    if (node.name !== 'CallExpression') return false;
    const called = first === undefined ? '' : this.literals.textOf(first);
    if (called.endsWith('.copy')) return this.namesDevice(first?.firstChild);
    return (
      /(^|\.)(deep)?copy$/.test(called) && childrenOf(second ?? node).some((one) => this.namesDevice(one))
    );
  }

  /** A device that stands where it is not read would be missing without a word. */
  private refuseHidden(node: SyntaxNode): void {
    const place = firstDeviceLiteral(node, this.literals);
    if (place !== null)
      this.issues.report(place, 'a device cannot be read here (expected NAME = {...} at the top level)');
  }

  private isMain(node: SyntaxNode): boolean {
    const condition = node.name === 'IfStatement' ? node.getChild('BinaryExpression') : null;
    return condition !== null && /__name__/.test(this.literals.textOf(condition));
  }
}

/** `a = b = 1, 2` as its sides: what stands between the equals signs. */
function sidesOf(node: SyntaxNode): { nodes: SyntaxNode[]; hasComma: boolean }[] {
  const sides: { nodes: SyntaxNode[]; hasComma: boolean }[] = [{ nodes: [], hasComma: false }];
  for (const child of childrenOf(node)) {
    const side = sides.at(-1);
    if (child.name === 'AssignOp') sides.push({ nodes: [], hasComma: false });
    else if (child.name === ',' && side !== undefined) side.hasComma = true;
    else if (child.name !== 'TypeDef') side?.nodes.push(child);
  }
  return sides.length < 2 ? [] : sides;
}

/** What devices are used in, not made in. */
function isPassedOver({ name }: SyntaxNode): boolean {
  return ['FunctionDefinition', 'ClassDefinition', 'DecoratedStatement', 'ImportStatement'].includes(name);
}

function firstDeviceLiteral(node: SyntaxNode, literals: PythonLiterals): Place {
  let place: Place = null;
  node.cursor().iterate(({ node: inner }) => {
    if (place === null && inner.name === 'DictionaryExpression' && hasDeviceKey(inner, literals))
      place = literals.place(inner);
    return place === null && inner.name !== 'FunctionDefinition' && inner.name !== 'ClassDefinition';
  });
  return place;
}

function hasDeviceKey(dictionary: SyntaxNode, literals: PythonLiterals): boolean {
  return childrenOf(dictionary).some(
    (child) =>
      child.name === 'String' &&
      child.nextSibling?.name === ':' &&
      /^["']device_type["']$/.test(literals.textOf(child)),
  );
}

/** The first syntax error only: what follows it is mostly its echo. */
function reportSyntax(tree: SyntaxTree, source: Source, issues: Issues): boolean {
  let found: { offset: number; message: string } | null = null;
  tree.iterate({
    enter: (node) => {
      found ??= syntaxError(node.node, source.text);
      return found === null;
    },
  });
  const error = found as { offset: number; message: string } | null; // set inside the callback, which narrowing does not see
  if (error !== null) issues.report({ source, offset: error.offset }, error.message);
  return error !== null;
}

function syntaxError(node: SyntaxNode, text: string): { offset: number; message: string } | null {
  if (node.name === 'String' || node.name === 'FormatString') {
    const opened = /^[A-Za-z]*("""|'''|"|')/.exec(text.slice(node.from, node.from + 6));
    const [whole = '', mark = ''] = opened ?? [];
    const isClosed =
      node.to - node.from >= whole.length + mark.length && text.slice(0, node.to).endsWith(mark);
    if (!isClosed)
      return { offset: node.from, message: `a text is never closed (expected ${mark} at its end)` };
  }
  if (!node.type.isError) return null;
  for (let parent = node.node.parent; parent !== null; parent = parent.parent) {
    const opener = parent.firstChild?.name ?? '';
    const closer = CLOSERS[opener];
    if (closer !== undefined && parent.lastChild?.name !== closer)
      return { offset: parent.from, message: `${opener} is never closed (expected ${closer})` };
  }
  const isEnd = text.slice(node.from).trim() === '';
  return { offset: node.from, message: `this is not Python${isEnd ? ' (the file ends too early)' : ''}` };
}
