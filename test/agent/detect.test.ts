// Which platform speaks, from what devices show: the SSH identification, the first prompt, and what they answer to
// `show version` - the platform's own text, or the way its parser refuses it.
import { describe, expect, test } from 'vitest';
import { DeviceFailure } from '../../agent/failure.ts';
import { allRules, rulesOf } from '../../agent/line/platform.ts';
import { candidates, decide, findPlatform } from '../../agent/session/detect.ts';
import { Kind, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import { AUTO, type Platform } from '../../proto/platform.ts';
import { attempt, ios, type Line, ScriptedDevice, textOf } from './device.ts';

const OPENSSH = 'SSH-2.0-OpenSSH_8.4';

const DEVICES: [platform: string, identification: string, prompt: string, answer: string][] = [
  [
    'cisco_ios',
    'SSH-2.0-Cisco-1.25',
    'R1#',
    'Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 15.0(2)SE11, RELEASE SOFTWARE (fc3)\nTechnical Support: http://www.cisco.com/techsupport\nCopyright (c) 1986-2017 by Cisco Systems, Inc.\n',
  ],
  [
    'cisco_xe',
    'SSH-2.0-Cisco-1.25',
    'edge-1>',
    'Cisco IOS XE Software, Version 16.09.04\nCisco IOS Software [Fuji], ISR Software (X86_64_LINUX_IOSD-UNIVERSALK9-M), Version 16.9.4, RELEASE SOFTWARE (fc2)\n',
  ],
  [
    'cisco_xr',
    'SSH-2.0-Cisco-2.0',
    'RP/0/RSP0/CPU0:asr9k-1#',
    'Sun Nov 22 10:00:00.123 UTC\nCisco IOS XR Software, Version 7.3.2\nCopyright (c) 2013-2021 by Cisco Systems, Inc.\n',
  ],
  [
    'cisco_nxos',
    'SSH-2.0-OpenSSH_7.8 PKIX[11.0]',
    'n9k-1# ',
    'Cisco Nexus Operating System (NX-OS) Software\nTAC support: http://www.cisco.com/tac\nCopyright (C) 2002-2021, Cisco and/or its affiliates.\n',
  ],
  [
    'cisco_asa',
    'SSH-2.0-Cisco-1.25',
    'asa-1> ',
    '\nCisco Adaptive Security Appliance Software Version 9.12(4)\nSSP Operating System Version 2.6(1.192)\n',
  ],
  [
    'arista_eos',
    OPENSSH,
    'leaf-1>',
    ' Arista DCS-7050TX-64-R\nHardware version:    01.11\nSerial number:       JPE00000000\nSoftware image version: 4.27.2F\n'.trimStart(),
  ],
  [
    'juniper_junos',
    'SSH-2.0-OpenSSH_7.5',
    'admin@mx-1> ',
    'Hostname: mx-1\nModel: mx240\nJunos: 20.4R3.8\nJUNOS OS Kernel 64-bit  [20211101.115555_builder_stable_11]\n',
  ],
  [
    'fortinet',
    'SSH-2.0-tu0ZOOK',
    'FGT60E # ',
    "command parse error before 'version'\nCommand fail. Return code -61\n",
  ],
  [
    'hp_comware',
    'SSH-2.0-Comware-7.1.070',
    '<HPE-5130>',
    "              ^\n % Unrecognized command found at '^' position.\n",
  ],
  [
    'huawei',
    'SSH-2.0-HUAWEI-1.5',
    '<core-1>',
    "                ^\nError: Unrecognized command found at '^' position.\n",
  ],
  ['mikrotik_routeros', 'SSH-2.0-ROSSSH', '[admin@MikroTik] > ', 'bad command name show (line 1 column 1)\n'],
  [
    'nokia_sros',
    OPENSSH,
    'A:sr-1# ',
    'TiMOS-C-20.10.R4 cpm/hops64 Nokia 7750 SR Copyright (c) 2000-2021 Nokia.\n',
  ],
  ['paloalto_panos', OPENSSH, 'admin@PA-220(active)> ', 'Unknown command: version\n\nInvalid syntax.\n'],
  [
    'aruba_os',
    OPENSSH,
    '(aruba-mc) [mynode] #',
    'Aruba Operating System Software.\nArubaOS (MODEL: Aruba7205), Version 8.6.0.4\n',
  ],
  [
    'aruba_aoscx',
    OPENSSH,
    '6300-1# ',
    '-----------------------------------------------------------------------------\nArubaOS-CX\n(c) Copyright 2017-2021 Hewlett Packard Enterprise Development LP\n',
  ],
  [
    'hp_procurve',
    'SSH-2.0-Mocana SSH 6.3',
    'HP-2920# ',
    'Image stamp:    /ws/swbuildm/rel_ukiah_qaoff/code/build/anm(swbuildm_rel_ukiah_qaoff_rel_ukiah)\n                Mar 21 2018 10:00:00\n                WB.16.05.0007\n',
  ],
  [
    'extreme_exos',
    OPENSSH,
    '* X440-1.3 # ',
    'Switch      : 800471-00-04 1234N-80000 Rev 4.0 BootROM: 2.0.1.7    IMG: 22.5.1.7\nImage   : ExtremeXOS version 22.5.1.7 by release-manager\n',
  ],
  [
    'ruckus_fastiron',
    'SSH-2.0-RomSShell_4.62',
    'SSH@icx-1>',
    '  Copyright (c) Ruckus Networks, Inc. All rights reserved.\n    UNIT 1: compiled on May 12 2020\n',
  ],
  ['vyos', OPENSSH, 'vyos@vyos:~$ ', 'Version:          VyOS 1.3.0\nRelease train:    equuleus\n'],
  [
    'dell_os10',
    OPENSSH,
    'OS10# ',
    'Dell EMC Networking OS10 Enterprise\nCopyright (c) 1999-2020 by Dell Inc. All Rights Reserved.\nOS Version: 10.5.1.0\n',
  ],
  [
    'allied_telesis_awplus',
    OPENSSH,
    'awplus>',
    '\nAlliedWare Plus (TM) 5.4.8 03/14/18 13:03:59\n\nBuild name : x510-5.4.8-0.2.rel\n',
  ],
  [
    'frr',
    'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3',
    'edge-1# ',
    'FRRouting 8.4.4 (edge-1) on Linux(6.1.0-18-amd64).\nCopyright 1996-2005 Kunihiro Ishiguro, et al.\n',
  ],
  ['linux', 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3', 'admin@web-1:~$ ', '-bash: show: command not found\n'],
  ['linux', 'SSH-2.0-OpenSSH_8.0', '[root@db-1 ~]# ', '-bash: show: command not found\n'],
  ['linux', 'SSH-2.0-dropbear_2020.81', '/ # ', '-sh: show: not found\n'],
];

const known = allRules();

describe('a device is known by what it shows', () => {
  test.each(DEVICES)('%s: %s %j', (platform, identification, prompt, answer) => {
    const ranked = candidates({ identification, prompt, answer }, known);
    expect(
      decide(ranked)?.rules.platform.name,
      ranked.map(({ rules, score }) => `${rules.platform.name} ${score}`).join(', '),
    ).toBe(platform);
  });

  test('twenty platforms at least stand in this table', () => {
    expect(new Set(DEVICES.map(([platform]) => platform)).size).toBeGreaterThanOrEqual(20);
  });
});

describe('the walk', () => {
  const asking = (prompt: string, answer: string) => {
    const typed: string[] = [];
    const probe = async (line: string) => {
      typed.push(line);
      return answer;
    };
    return { terminal: { prompt, probe }, typed };
  };

  test('types nothing into a device that its identification and its prompt give away', async () => {
    const { terminal, typed } = asking('RP/0/RSP0/CPU0:asr9k-1#', '');
    const { rules, note } = await findPlatform(terminal, 'SSH-2.0-Cisco-2.0', []);
    expect(rules.platform.name).toBe('cisco_xr');
    expect(note).toBe('platform auto: cisco_xr (by its prompt)');
    expect(typed).toEqual([]);
  });

  test('asks once where the prompt is that of many, and says what told it', async () => {
    const { terminal, typed } = asking('R1#', 'Cisco IOS Software, C2960 Software, Version 15.0(2)SE11\n');
    const { note } = await findPlatform(terminal, 'SSH-2.0-Cisco-1.25', []);
    expect(note).toBe('platform auto: cisco_ios (by the answer to show version)');
    expect(typed).toEqual(['show version']);
  });

  test('what nothing fits is a failure that says what was seen and what to do', async () => {
    const { terminal } = asking('box-1 ready> ', 'HUH?\n');
    const failure = await findPlatform(terminal, 'SSH-2.0-Box_1.0', []).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(DeviceFailure);
    expect((failure as DeviceFailure).message).toBe(
      'no known platform fits: the device calls itself "SSH-2.0-Box_1.0" and prompts "box-1 ready>"; name its platform',
    );
  });
});

describe('a session that begins with platform auto', () => {
  const AUTO_DEVICE = { platform: AUTO, commands: ['show clock'] };
  const VERSION = 'Cisco IOS Software, C2960 Software, Version 15.0(2)SE11\r\n';

  test('asks, then goes on by the rules it found: setup, commands, exit', async () => {
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show version': VERSION, 'show clock': '10:00:00 UTC\r\n' }),
    });
    const { status, platform, notes, outputs } = await attempt(device.port, { device: AUTO_DEVICE });
    expect({ status, platform }).toEqual({ status: Status.OK, platform: 'cisco_ios' });
    expect(notes).toEqual(['platform auto: cisco_ios (by the answer to show version)']);
    expect(outputs.map(textOf)).toEqual(['10:00:00 UTC\n']);
    expect(device.seen.lines.filter((line) => line !== '')).toEqual([
      'show version',
      'terminal length 0',
      'show clock',
      'exit',
    ]);
  });

  test('reads on where the answer is paged', async () => {
    const paged = async (line: Line) => {
      line.write(`${VERSION}Copyright\r\n --More-- `);
      await line.key();
      line.write('\b\b\b\b\b\b\b\b\b\b          \b\b\b\b\b\b\b\b\b\b');
      return 'Uptime is 3 weeks\r\n';
    };
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show version': paged, 'show clock': 'now\r\n' }),
    });
    expect(await attempt(device.port, { device: AUTO_DEVICE })).toMatchObject({
      status: Status.OK,
      platform: 'cisco_ios',
    });
  });

  test('sends none of the commands when one of them does not only read there', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({ 'show version': VERSION }) });
    const commands = ['show clock', 'display version'];
    const { failure, outputs, platform } = await attempt(device.port, {
      device: { platform: AUTO, commands },
    });
    expect({ kind: failure?.kind, platform, outputs }).toEqual({
      kind: Kind.NOT_ALLOWED,
      platform: 'cisco_ios',
      outputs: [],
    });
    expect(device.seen.lines).not.toContain('show clock');
  });

  test('ends where nothing fits, in words that help', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({}, { name: 'zog' }) });
    const own = { ...(rulesOf('generic')?.platform as Platform), name: 'zog', detect: { probe: '^Zog' } };
    const { failure, platform } = await attempt(device.port, {
      device: AUTO_DEVICE,
      options: { platforms: [{ name: 'zog', json: JSON.stringify(own) }] },
    });
    expect(failure).toMatchObject({ kind: Kind.PROMPT, stage: Stage.SHELL });
    expect(failure?.message).toMatch(
      /^no known platform fits: the device calls itself "SSH-2\.0-ssh2js\S+" and prompts "zog#"; name its platform$/,
    );
    expect(platform).toBe('');
    expect(device.seen.lines).not.toContain('show clock');
  });

  test("takes the sweep's own platforms before those that ship", async () => {
    const answers = { 'show version': 'Zog 7\r\n', 'show clock': 'now\r\n' };
    await using device = await ScriptedDevice.start({ shell: ios(answers, { name: 'zog' }) });
    const own = { ...(rulesOf('cisco_ios')?.platform as Platform), name: 'zog', detect: { probe: '^Zog' } };
    const { status, platform } = await attempt(device.port, {
      device: AUTO_DEVICE,
      options: { platforms: [{ name: 'zog', json: JSON.stringify(own) }] },
    });
    expect({ status, platform }).toEqual({ status: Status.OK, platform: 'zog' });
  });
});
