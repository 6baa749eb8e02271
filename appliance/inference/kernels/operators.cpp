// StyledNorm and PadUpsample as operators of ONNX Runtime, for the providers CUDA and CPU. Shapes are
// checked here; fused.cu computes.
#include "fused.h"
#include "vendor/onnxruntime_c_api.h"

namespace {

// The oldest version of the interface with all that is used here: the header is newer, but the
// table of functions only ever grows at its end, so the library loads in older runtimes too.
constexpr uint32_t API_VERSION = 17;

struct Tensor {
    __half* data = nullptr;
    int64_t dims[4] = {};
    size_t rank = 0;
};

struct Call {
    const OrtApi& api;
    OrtKernelContext* context;
    OrtStatus* failed = nullptr;

    bool good(OrtStatus* status) {
        if (!failed) failed = status;
        return status == nullptr;
    }

    Tensor input(size_t index) {
        Tensor found;
        const OrtValue* value = nullptr;
        OrtTensorTypeAndShapeInfo* shape = nullptr;
        if (!good(api.KernelContext_GetInput(context, index, &value)) || !value) return found;
        void* data = nullptr;
        if (!good(api.GetTensorTypeAndShape(value, &shape))) return found;
        good(api.GetDimensionsCount(shape, &found.rank));
        if (found.rank <= 4) good(api.GetDimensions(shape, found.dims, found.rank));
        api.ReleaseTensorTypeAndShapeInfo(shape);
        good(api.GetTensorMutableData(const_cast<OrtValue*>(value), &data));
        found.data = static_cast<__half*>(data);
        return found;
    }

    __half* output(int64_t samples, int64_t height, int64_t width, int64_t channels) {
        const int64_t dims[4] = {samples, height, width, channels};
        OrtValue* value = nullptr;
        void* data = nullptr;
        if (good(api.KernelContext_GetOutput(context, 0, dims, 4, &value)))
            good(api.GetTensorMutableData(value, &data));
        return static_cast<__half*>(data);
    }

    void* stream() {
        void* found = nullptr;
        good(api.KernelContext_GetGPUComputeStream(context, &found));
        return found;
    }

    OrtStatus* refuse(const char* why) { return failed ? failed : api.CreateStatus(ORT_FAIL, why); }
};

struct Attributes {
    const OrtApi& api;
    const OrtKernelInfo* info;
    OrtStatus* failed = nullptr;

    float number(const char* name) {
        float found = 0;
        OrtStatus* status = api.KernelInfoGetAttribute_float(info, name, &found);
        if (!failed) failed = status;
        return found;
    }

    int integer(const char* name) {
        int64_t found = 0;
        OrtStatus* status = api.KernelInfoGetAttribute_int64(info, name, &found);
        if (!failed) failed = status;
        return int(found);
    }
};

Dims dims_of(const Tensor& x) {
    return {int(x.dims[0]), int(x.dims[1]), int(x.dims[2]), int(x.dims[3])};
}

bool bordered(const Dims& d, int scale, int border) {
    return border >= 0 && border < d.height * scale && border < d.width * scale;
}

struct StyledNorm {
    static constexpr const char* NAME = "StyledNorm";
    static constexpr size_t INPUTS = 3, REQUIRED = 2;
    Norm norm;

    void read(Attributes& from) {
        norm.epsilon = from.number("epsilon");
        norm.slope = from.number("slope");
        norm.gain = from.integer("gain");
        norm.shift = from.integer("shift");
        norm.border = from.integer("border");
        norm.inset = from.integer("inset");
    }

    OrtStatus* run(Call& call, bool on_gpu) const {
        const Tensor x = call.input(0), style = call.input(1), residual = call.input(2);
        if (call.failed || x.rank != 4 || style.rank != 2) return call.refuse("shapes");
        const Dims d = dims_of(x);
        Norm made = norm;
        made.row = style.dims[0] == 1 ? 0 : int(style.dims[1]);
        const bool styled = (style.dims[0] == 1 || style.dims[0] == d.samples) && norm.gain >= 0 &&
                            norm.shift >= 0 && norm.gain + d.channels <= style.dims[1] &&
                            norm.shift + d.channels <= style.dims[1];
        const bool summed = !residual.data || (residual.rank == 4 && norm.inset >= 0 &&
                                               residual.dims[0] == d.samples &&
                                               residual.dims[1] == d.height + 2 * norm.inset &&
                                               residual.dims[2] == d.width + 2 * norm.inset &&
                                               residual.dims[3] == d.channels);
        const bool sized = d.height * d.width <= PIXELS && d.channels % (GROUPS * VECTOR) == 0;
        if (!styled || !summed || !sized || !bordered(d, 1, norm.border))
            return call.refuse("StyledNorm cannot take these shapes");
        const int b = 2 * norm.border;
        __half* out = call.output(d.samples, d.height + b, d.width + b, d.channels);
        if (call.failed) return call.failed;
        if (!on_gpu) {
            styled_norm_on_cpu(x.data, style.data, residual.data, out, d, made);
            return nullptr;
        }
        void* stream = call.stream();
        const char* why = styled_norm_on_gpu(x.data, style.data, residual.data, out, d, made, stream);
        return why ? call.refuse(why) : call.failed;
    }
};

struct PadUpsample {
    static constexpr const char* NAME = "PadUpsample";
    static constexpr size_t INPUTS = 1, REQUIRED = 1;
    Resampling how;

    void read(Attributes& from) {
        how.slope = from.number("slope");
        how.scale = from.integer("scale");
        how.border = from.integer("border");
    }

    OrtStatus* run(Call& call, bool on_gpu) const {
        const Tensor x = call.input(0);
        if (call.failed || x.rank != 4) return call.refuse("shapes");
        const Dims d = dims_of(x);
        const bool sized = d.channels % VECTOR == 0 && (how.scale == 1 || how.scale == 2);
        if (!sized || !bordered(d, how.scale, how.border))
            return call.refuse("PadUpsample cannot take these shapes");
        const int s = how.scale, b = 2 * how.border;
        __half* out = call.output(d.samples, d.height * s + b, d.width * s + b, d.channels);
        if (call.failed) return call.failed;
        if (!on_gpu) {
            pad_upsample_on_cpu(x.data, out, d, how);
            return nullptr;
        }
        const char* why = pad_upsample_on_gpu(x.data, out, d, how, call.stream());
        return why ? call.refuse(why) : call.failed;
    }
};

template <class Op, bool ON_GPU>
struct Registered : OrtCustomOp {
    struct Kernel {
        const OrtApi& api;
        Op op;
    };

    Registered() : OrtCustomOp{} {
        version = API_VERSION;
        GetName = [](const OrtCustomOp*) { return Op::NAME; };
        GetExecutionProviderType = [](const OrtCustomOp*) -> const char* {
            return ON_GPU ? "CUDAExecutionProvider" : "CPUExecutionProvider";
        };
        GetInputType = GetOutputType = [](const OrtCustomOp*, size_t) {
            return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16;
        };
        GetInputTypeCount = [](const OrtCustomOp*) { return Op::INPUTS; };
        GetOutputTypeCount = [](const OrtCustomOp*) -> size_t { return 1; };
        GetInputCharacteristic = [](const OrtCustomOp*, size_t index) {
            return index < Op::REQUIRED ? INPUT_OUTPUT_REQUIRED : INPUT_OUTPUT_OPTIONAL;
        };
        GetOutputCharacteristic = [](const OrtCustomOp*, size_t) { return INPUT_OUTPUT_REQUIRED; };
        GetInputMemoryType = [](const OrtCustomOp*, size_t) { return OrtMemTypeDefault; };
        CreateKernelV2 = [](const OrtCustomOp*, const OrtApi* api, const OrtKernelInfo* info,
                            void** out) {
            Attributes attributes{*api, info};
            auto* kernel = new Kernel{*api, {}};
            kernel->op.read(attributes);
            *out = kernel;
            return attributes.failed;
        };
        KernelComputeV2 = [](void* kernel, OrtKernelContext* context) {
            auto* made = static_cast<Kernel*>(kernel);
            Call call{made->api, context};
            return made->op.run(call, ON_GPU);
        };
        KernelDestroy = [](void* kernel) { delete static_cast<Kernel*>(kernel); };
    }
};

}  // namespace

extern "C" __attribute__((visibility("default"))) OrtStatus* RegisterCustomOps(
    OrtSessionOptions* options, const OrtApiBase* base) {
    static const Registered<StyledNorm, true> norm_on_gpu;
    static const Registered<StyledNorm, false> norm_on_cpu;
    static const Registered<PadUpsample, true> pad_upsample_on_gpu;
    static const Registered<PadUpsample, false> pad_upsample_on_cpu;
    const OrtApi* api = base->GetApi(API_VERSION);
    if (!api) return nullptr;  // an older runtime, which will then refuse the unknown operators
    OrtCustomOpDomain* domain = nullptr;  // must outlive every session: never released
    OrtStatus* failed = api->CreateCustomOpDomain("face.appliance", &domain);
    const OrtCustomOp* const all[] = {&norm_on_gpu, &norm_on_cpu, &pad_upsample_on_gpu, &pad_upsample_on_cpu};
    for (const OrtCustomOp* op : all)
        if (!failed) failed = api->CustomOpDomain_Add(domain, op);
    return failed ? failed : api->AddCustomOpDomain(options, domain);
}
