// `inventory check|list|graph`: what an inventory holds, without touching a device.
import type { Command } from 'commander';
import { addCommand, type Edge } from './command.js';
import { INVENTORY, INVENTORY_GRAPH } from './settings.js';

export function addInventory(program: Command, edge: Edge): void {
  const inventory = program
    .command('inventory')
    .description('what an inventory holds; no device is touched, no secret is resolved');
  const lazy = () => import('./inventory.js');
  addCommand(inventory, edge, {
    usage: 'check',
    about:
      'read everything, say what is wrong, and count: platforms, sites, shared addresses, what is left out',
    settings: INVENTORY,
    examples: [
      'netsweep inventory check -i ansible/hosts.yml',
      "netsweep inventory check -i 'netbox:https://netbox.example.com/?site=zrh'",
      'netsweep inventory check -i router.db --map name:ip:model:group --json',
    ],
    act: async (call) => (await lazy()).checkInventory(call),
  });
  addCommand(inventory, edge, {
    usage: 'list',
    about: 'the devices as a sweep would have them, never with secrets',
    settings: INVENTORY,
    examples: [
      "netsweep inventory list -i lab.yaml -l 'core:&zrh'",
      'netsweep inventory list -w sw[1-20] --json',
    ],
    act: async (call) => (await lazy()).listInventory(call),
  });
  addCommand(inventory, edge, {
    usage: 'graph [group]',
    about: 'groups as a tree, as ansible-inventory --graph draws it',
    settings: INVENTORY_GRAPH,
    examples: ['netsweep inventory graph -i lab.yaml', 'netsweep inventory graph core -i lab.yaml --vars'],
    act: async (call) => (await lazy()).graphInventory(call),
  });
}
