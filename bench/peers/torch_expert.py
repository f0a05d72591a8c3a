"""PyTorch as an expert writes it: the data converted once and kept in memory,
fused Adam, all losses in one batch, one single-threaded process a core."""

import recipe


def work():
    import torch

    torch.set_num_threads(1)
    data, _ = recipe.arguments()
    images, labels = recipe.DATA[data]()
    x = torch.from_numpy(images).to(torch.float32).div_(255).sub_(0.5).div_(0.5)
    y = torch.from_numpy(labels)

    def train(h, num_layers):
        from torch_paper import network

        model = network(x.shape[1], h, num_layers)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
        for _ in range(recipe.EPOCHS):
            for batch in torch.randperm(len(y)).split(recipe.BATCH):
                optimizer.zero_grad(set_to_none=True)
                torch.nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
                optimizer.step()
        with torch.no_grad():
            return float(torch.nn.functional.cross_entropy(model(x), y, reduction="none").mean())

    return train


def main():
    import torch

    _, networks = recipe.arguments()
    seconds, results = recipe.on_each_core(work, networks)
    recipe.report(seconds=seconds, networks=len(networks), mean_loss=sum(r for _, r in results) / len(results),
                  version="torch " + torch.__version__)


if __name__ == "__main__":
    main()
