"""Real-ESRGAN: enlarges pictures with the networks of Wang et al. 2021 (https://arxiv.org/abs/2107.10833).

One module for each engine, with the same ``load``: ``ncnn_engine`` (CPU), ``torch_engine`` (GPU, and files of the user's own)
and ``package_engine`` (the package ``realesrgan``). All are fed from the same verified files and cut large pictures with the
same ``tiling``.
"""
