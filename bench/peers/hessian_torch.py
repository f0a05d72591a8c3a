"""PyTorch's one product: a second backward pass through the kept graph of the
gradient. `top` is scipy's eigsh on curvlinops' HessianLinearOperator."""

import hessian_network as given
import numpy
import torch


def network(matrices):
    layers = []
    for w in matrices:
        linear = torch.nn.Linear(w.shape[1], w.shape[0], bias=False, dtype=torch.from_numpy(w).dtype)
        linear.weight.data = torch.from_numpy(w.copy())
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def main():
    options = given.arguments("top", "product")
    model = network(given.weights(options))
    x, y = (torch.from_numpy(a) for a in given.objects(options))
    parameters, criterion = list(model.parameters()), torch.nn.CrossEntropyLoss()
    figures = {"version": "torch " + torch.__version__}
    if options.job == "product":
        gradient = torch.autograd.grad(criterion(model(x), y), parameters, create_graph=True)
        v = torch.from_numpy(given.direction(options)[0]).split([p.numel() for p in parameters])
        v = [part.view_as(p) for part, p in zip(v, parameters)]
        figures["seconds"] = given.median_seconds(
            lambda: torch.autograd.grad(gradient, parameters, grad_outputs=v, retain_graph=True))
        figures["gradient_seconds"] = given.median_seconds(
            lambda: torch.autograd.grad(criterion(model(x), y), parameters))
    else:
        import importlib.metadata

        import curvlinops

        operator = curvlinops.HessianLinearOperator(model, criterion, parameters, [(x, y)], check_deterministic=False)
        on_numpy = operator.to_scipy()
        figures |= given.top(lambda v: on_numpy @ numpy.asarray(v), on_numpy.shape[0], options)
        figures["version"] = f"curvlinops {importlib.metadata.version('curvlinops-for-pytorch')}, " + figures["version"]
    given.report(**figures)


if __name__ == "__main__":
    main()
