// The configuration of a simulated Junos device, as a tree of statements, and the same as `set` lines.
import type { CliOptions } from './cli.js';
import { fill, hex, loopbackOf, momentOf, type Port, portOf } from './facts.js';

/** Hierarchical: braces, four spaces a level, statements that end in a semicolon. */
export function junosConfig(options: CliOptions): string[] {
  const { day, time } = momentOf(options, 'changed');
  const tail = [
    '    lo0 {',
    '        unit 0 {',
    '            family inet {',
    `                address ${loopbackOf(options)}/32;`,
    '            }',
    '        }',
    '    }',
    '}',
    'routing-options {',
    `    router-id ${loopbackOf(options)};`,
    '}',
    'protocols {',
    '    ospf {',
    '        area 0.0.0.0 {',
    '            interface lo0.0 {',
    '                passive;',
    '            }',
    '        }',
    '    }',
    '    lldp {',
    '        interface all;',
    '    }',
    '}',
  ];
  const head = [
    `## Last commit: 2025-03-03 ${time} UTC by netops (${day})`,
    ...system(options),
    'interfaces {',
  ];
  const body = fill(head, options.configLines - tail.length, (index) =>
    interfaceLines(portOf(options, index)),
  );
  return [...body, ...tail];
}

function system(options: CliOptions): string[] {
  return [
    'version 21.4R3-S2.3;',
    'system {',
    `    host-name ${options.device.name};`,
    '    root-authentication {',
    `        encrypted-password "$6$${hex(portOf(options, 901).draw)}$${hex(portOf(options, 902).draw)}"; ## SECRET-DATA`,
    '    }',
    '    login {',
    '        user netops {',
    '            uid 2001;',
    '            class super-user;',
    '        }',
    '    }',
    '    services {',
    '        ssh {',
    '            max-sessions-per-connection 10;',
    '        }',
    '    }',
    '    ntp {',
    '        server 10.254.0.1;',
    '    }',
    '}',
  ];
}

function interfaceLines(port: Port): string[] {
  return [
    `    ge-0/0/${port.number} {`,
    `        description "${port.description}";`,
    ...(port.up ? [] : ['        disable;']),
    '        unit 0 {',
    ...(port.routed
      ? ['            family inet {', `                address ${port.address}/30;`, '            }']
      : [
          '            family ethernet-switching {',
          '                vlan {',
          `                    members ${port.vlan};`,
          '                }',
          '            }',
        ]),
    '        }',
    '    }',
  ];
}

/** The same statements, one a line, each with its whole path. */
export function setLines(lines: readonly string[]): string[] {
  const path: string[] = [];
  return lines.flatMap((line) => {
    const statement = line.replace(/\s*##.*$/, '').trim();
    if (statement === '') return [];
    if (statement === '}') path.pop();
    else if (statement.endsWith('{')) path.push(statement.slice(0, -1).trim());
    else return [['set', ...path, statement.replace(/;$/, '')].join(' ')];
    return [];
  });
}
