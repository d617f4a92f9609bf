"""Settings of containerd: one for the kubelet, and one for the Docker engine."""

from pathlib import Path

# TOML by hand: the standard library reads it only.
KUBELET = """version = 2
root = "{root}"
state = "{state}"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs"]

[grpc]
  address = "{socket}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  Root = "{runc}"

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "{cni}"

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "{registries}"
"""
ENGINE = """version = 2
root = "{root}"
state = "{state}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]

[grpc]
  address = "{socket}"
"""


def write(path: Path, template: str, **values: str | Path) -> Path:
    """Write a configuration file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = template.format_map({name: str(value) for name, value in values.items()})
    path.write_text(text, encoding="utf-8")
    return path


def trust_plain_http(folder: Path, registry: str) -> None:
    """Write the host entry of a registry that speaks plain HTTP."""
    hosts = folder / registry / "hosts.toml"
    hosts.parent.mkdir(parents=True, exist_ok=True)
    server = f'server = "http://{registry}"\n'
    # containerd 1.6 reads no file without a host table ("invalid `host` tree").
    host = f'[host."http://{registry}"]\n  capabilities = ["pull", "resolve"]\n'
    hosts.write_text(f"{server}\n{host}", encoding="utf-8")
