"""PyTorch as the paper's script runs it: a DataLoader that converts object by
object, the stock Adam, and a forward pass per object for the losses."""

import time

import torch
from PIL import Image
from torchvision import transforms

import recipe


class Objects(torch.utils.data.Dataset):
    """Makes a picture of an object and converts it each time it is asked for,
    as torchvision's data sets do with ToTensor and Normalize."""

    def __init__(self, images, labels):
        self.images, self.labels = images, labels
        side, channels = (28, 1) if images.shape[1] == 784 else (32, 3)
        self.pictures = images.reshape(-1, channels, side, side).transpose(0, 2, 3, 1).squeeze()
        self.convert = transforms.Compose([
            transforms.ToTensor(), transforms.Normalize((0.5,) * channels, (0.5,) * channels), torch.flatten])

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.convert(Image.fromarray(self.pictures[i])), int(self.labels[i])


def network(inputs, h, num_layers):
    layers = [torch.nn.Linear(inputs, h, bias=False), torch.nn.ReLU()]
    for _ in range(num_layers):
        layers += [torch.nn.Linear(h, h, bias=False), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(h, recipe.CLASSES, bias=False))


def main():
    data, networks = recipe.arguments()
    objects = Objects(*recipe.DATA[data]())
    criterion = torch.nn.CrossEntropyLoss()
    start, means = time.perf_counter(), []
    for h, num_layers in networks:
        model = network(objects.images.shape[1], h, num_layers)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for _ in range(recipe.EPOCHS):
            for x, y in torch.utils.data.DataLoader(objects, batch_size=recipe.BATCH, shuffle=True):
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
        losses = []
        with torch.no_grad():
            for x, y in torch.utils.data.DataLoader(objects, batch_size=1):
                losses.append(criterion(model(x), y).item())
        means.append(sum(losses) / len(losses))
    recipe.report(seconds=time.perf_counter() - start, networks=len(networks), mean_loss=sum(means) / len(means),
                  version="torch " + torch.__version__)


if __name__ == "__main__":
    main()
