"""Two processes that `torchrun` starts take the same steps as one process with the whole batch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from medsegedu.errors import UserError
from medsegedu.models import UNet
from medsegedu.training.distributed import join_world

SCRIPT = '''
import json, os, sys
import torch
from safetensors.torch import save_file
from medsegedu.data import Augment, virtual_patients
from medsegedu.models import UNet
from medsegedu.training import fit
from medsegedu.training import step

step.autocast_dtype = lambda device: None  # bfloat16 would hide what differs
torch.set_num_threads(1)
data = virtual_patients(3, seed=5, spacing=4.0, contrasts=("FLAIR",), slices=2)
torch.manual_seed(int(os.environ.get("RANK", "0")))  # the first process's weights count
model = UNet(1, 5, width=4, depth=2, norm="instance")
history = fit(model, data[:4], data[4:], steps=6, batch=4, patch=16, looks=1, augment=Augment(), progress=False,
              checkpoint=sys.argv[1] + ".pt")
if not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0:
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, sys.argv[1])
    with open(sys.argv[1] + ".json", "w") as file:
        json.dump([history.loss, history.validation], file)
os._exit(0)  # torch's threads now and then abort a process while Python ends
'''  # fmt: skip


def train(folder: Path, name: str, *launcher: str) -> tuple[dict[str, torch.Tensor], list]:
    script = folder / "train.py"
    script.write_text(SCRIPT)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", "MASTER_ADDR": "127.0.0.1"}
    command = [sys.executable, *launcher, str(script), str(folder / name)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return load_file(folder / name), json.loads((folder / f"{name}.json").read_text())


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch was built without torch.distributed")
def test_two_processes_are_one_with_the_whole_batch(tmp_path: Path) -> None:
    alone, history = train(tmp_path, "alone.safetensors")
    shared, history_of_two = train(
        tmp_path, "shared.safetensors", "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"
    )
    torch.manual_seed(0)
    start = UNet(1, 5, width=4, depth=2, norm="instance").state_dict()
    way, apart = (
        torch.cat([(one[name] - other[name]).flatten() for name in start]).norm()
        for one, other in ((alone, start), (alone, shared))
    )
    # Adam makes a step of full length out of any gradient, also of one that is rounding alone; so not weight by weight.
    assert apart < 0.02 * way
    assert history_of_two[0] == pytest.approx(history[0], abs=1e-3)
    assert [step for step, _ in history_of_two[1]] == [6]
    assert [score for _, score in history_of_two[1]] == pytest.approx([score for _, score in history[1]], abs=1e-2)


def test_a_batch_that_does_not_divide_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(UserError, match="batch is 16, which 3 processes can't share evenly; choose a multiple of 3"):
        join_world(16)
