// Two operators that keep a generator in NHWC and half precision, each one trip through memory.
//
//   StyledNorm(x, style[, residual]): instance normalisation over the pixels of each channel of
//     each sample, scaled and shifted by a style (AdaIN: Huang and Belongie, 2017), a rectifier,
//     the sum with a residual, and a reflected border.
//   PadUpsample(x): a rectifier, twice the size where `scale` is 2 (bilinear, half-pixel centres),
//     and a reflected border.
//
// Both run on the GPU, and on the CPU as plain loops, with which a variant's error is measured on a
// machine without a GPU. fused.cu computes; operators.cpp registers both with ONNX Runtime.
#pragma once

#include <cuda_fp16.h>

#include <cstdint>

constexpr int PIXELS = 1024;  // StyledNorm's limit: a channel group stays in the registers
constexpr int VECTOR = 8;     // channels in one load of 16 bytes
constexpr int GROUPS = 2;     // vectors in a block of StyledNorm: a 32-byte sector per pixel

struct Dims {
    int samples, height, width, channels;
};

struct Norm {
    float epsilon, slope;     // slope: of the rectifier below zero; 1 for none
    int gain, shift;          // index of the first gain and the first shift in a row of the style
    int row;                  // elements from one sample's style to the next; 0 if all share one
    int border, inset;        // pixels of border: of the result, and of the residual
};

struct Resampling {
    float slope;
    int scale, border;
};

// The caller has checked all sizes. The GPU functions run on the given stream and return an error
// message, or nullptr.
const char* styled_norm_on_gpu(const __half* x, const __half* style, const __half* residual,
                               __half* out, Dims d, Norm norm, void* stream);
const char* pad_upsample_on_gpu(const __half* x, __half* out, Dims d, Resampling how, void* stream);
void styled_norm_on_cpu(const __half* x, const __half* style, const __half* residual, __half* out,
                        Dims d, Norm norm);
void pad_upsample_on_cpu(const __half* x, __half* out, Dims d, Resampling how);
