"""nornir with its netmiko plugin. INVENTORY DEVICES WORKERS COMMAND"""
import sys

from fleet import devices, told
from nornir.core import Nornir
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.plugins.runners import ThreadedRunner
from nornir_netmiko.tasks import netmiko_send_command


def host(name, device):
    extras = {"device_type": device["device_type"]}
    return Host(
        name,
        hostname=device["host"],
        port=device["port"],
        username=device["username"],
        password=device["password"],
        connection_options={"netmiko": ConnectionOptions(extras=extras)},
    )


inventory, count, workers, command = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
hosts = {f"R{n}": device for n, device in enumerate(devices(inventory, count))}
ConnectionPluginRegister.auto_register()
nornir = Nornir(
    inventory=Inventory(Hosts({name: host(name, device) for name, device in hosts.items()}), Groups(), Defaults()),
    runner=ThreadedRunner(num_workers=workers),
)
told([str(one.result) for one in nornir.run(netmiko_send_command, command_string=command).values()])
