"""Checks manifests for Kubernetes beyond their schema.

Usage: manifests.py PSCAN FOLDER MANIFESTS

Needs PyYAML. Ends with an error at the first fault.
"""

import copy
import re
import subprocess
import sys
from pathlib import Path

import yaml

# What Kubernetes puts in place of fields.
FIELDS = {"spec.nodeName": "node-1.example.com", "status.hostIP": "192.0.2.7"}
HOST_NETWORK = {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"}


def main(pscan, folder, manifests):
    found = {
        path.name: list(yaml.safe_load_all(path.read_text()))
        for path in sorted(Path(manifests).glob("*.yaml"))
    }
    (own,), (host,) = found["daemonset.yaml"], found["daemonset-host-network.yaml"]
    for daemonset in (own, host):
        check_pod(daemonset["spec"]["template"]["spec"])
        labels = daemonset["spec"]["template"]["metadata"]["labels"]
        assert daemonset["spec"]["selector"]["matchLabels"].items() <= labels.items()
    check_same_but_network(own, host)

    # What others name exists.
    (monitor,) = found["podmonitor.yaml"]
    template = own["spec"]["template"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    (container,) = template["spec"]["containers"]
    ports = {port["name"] for port in container["ports"]}
    assert {one["port"] for one in monitor["spec"]["podMetricsEndpoints"]} <= ports
    namespaces = {one["metadata"]["name"] for one in found["namespace.yaml"] if one["kind"] == "Namespace"}
    for one in (own, host, monitor, *found["configmap.yaml"]):
        assert one["metadata"]["namespace"] in namespaces, one["metadata"]

    # pscan accepts the settings, under the name that the arguments have.
    (configmap,) = found["configmap.yaml"]
    (volume,) = template["spec"]["volumes"]
    assert volume["configMap"]["name"] == configmap["metadata"]["name"]
    (mount,) = container["volumeMounts"]
    path = Path(container["args"][1])
    assert container["args"] == ["--config", str(path)] and str(path.parent) == mount["mountPath"]
    settings = Path(folder) / "kubernetes.toml"
    settings.write_text(configmap["data"][path.name])
    checked = accepted(pscan, settings, container["env"])
    port = template["metadata"]["annotations"]["prometheus.io/port"]
    assert f'"0.0.0.0:{port}"' in checked and port == str(container["ports"][0]["containerPort"])

    # The same with the variables that are comments.
    own, host = (without_comments(Path(manifests) / f"{name}.yaml") for name in ("daemonset", "daemonset-host-network"))
    check_same_but_network(own, host)
    (container,) = own["spec"]["template"]["spec"]["containers"]
    checked = accepted(pscan, settings, container["env"])
    assert f'endpoint = "http://{FIELDS["status.hostIP"]}:4318"' in checked, checked
    print(f"ok    {len(found)} manifests", flush=True)


def without_comments(path):
    """Returns a DaemonSet with the variables that are comments."""
    text, count = re.subn(r"^( +)#(- name:|  value:)", r"\1\2", path.read_text(), flags=re.MULTILINE)
    assert count == 2, "the DaemonSet has other comments"
    return yaml.safe_load(text)


def accepted(pscan, settings, variables):
    """Returns what pscan makes of the settings and of the container's variables, and of no others."""
    values = {}
    for one in variables:
        if "valueFrom" in one:
            value = FIELDS[one["valueFrom"]["fieldRef"]["fieldPath"]]
        else:
            # Only variables before this one are known.
            value = re.sub(r"\$\((\w+)\)", lambda found: values[found[1]], one["value"])
        values[one["name"]] = value
    checked = subprocess.run(
        [pscan, "serve", "--check", settings], capture_output=True, text=True, env=values
    )
    assert checked.returncode == 0, checked.stderr
    resource = f'"host.name" = "{FIELDS["spec.nodeName"]}"'
    assert resource in checked.stdout, f"the host is not the node: {checked.stdout}"
    return checked.stdout


def check_pod(pod):
    assert pod["hostPID"] and not pod["automountServiceAccountToken"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    context = container["securityContext"]
    assert context["readOnlyRootFilesystem"] and context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"].keys() == {"cpu", "memory"}
    for probe, path in [("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")]:
        assert container[probe]["httpGet"] == {"path": path, "port": "metrics"}


def check_same_but_network(own, host):
    host = copy.deepcopy(host)
    pod = host["spec"]["template"]["spec"]
    for key, value in HOST_NETWORK.items():
        assert pod.pop(key) == value, key
    (port,) = pod["containers"][0]["ports"]
    assert port.pop("hostPort") == port["containerPort"]
    assert host == own, "the DaemonSets differ in more than the network"


if __name__ == "__main__":
    main(*sys.argv[1:])
