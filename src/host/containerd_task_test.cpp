#include "host/containerd_task.h"

#include <gmock/gmock.h>

#include "host/temporary_tree.h"

namespace plimsoll::host {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::Pair;

constexpr std::string_view kId = "4f1d0e6ae2f2a5a6b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8";
constexpr std::string_view kTasks = "/run/containerd/io.containerd.runtime.v2.task/";

constexpr std::string_view kOfKubernetes = R"({
  "ociVersion": "1.1.0",
  "process": {"args": ["nginx"], "capabilities": {"bounding": ["CAP_CHOWN"]}},
  "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
             {"destination": "/etc/hosts", "type": "bind", "source": "/var/lib/kubelet/pods/1/etc-hosts", "options": ["rbind", "rprivate", "ro"]},
             {"destination": "/data", "type": "bind", "source": "/srv/data", "options": ["rbind", "rslave", "rw"]}],
  "linux": {"resources": {"devices": [{"allow": false, "access": "rwm"}]}},
  "annotations": {"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "web",
                  "io.kubernetes.cri.image-name": "registry.example/nginx:1.27", "io.kubernetes.cri.sandbox-name": "web-5d9c",
                  "io.kubernetes.cri.sandbox-namespace": "shop", "io.kubernetes.cri.sandbox-id": "77aa"}})";

std::string at(std::string_view space, std::string_view id) {
    return std::string(kTasks) + std::string(space) + "/" + std::string(id) + "/config.json";
}

TEST(ContainerdTask, KubernetesNamesContainerImageAndPod) {
    const TemporaryTree tree;
    tree.write(at("k8s.io", kId), kOfKubernetes);
    const auto task = find_containerd_task(tree.root(), kId);
    ASSERT_TRUE(task);
    EXPECT_EQ(task->space, "k8s.io");
    EXPECT_EQ(task->name, "web");
    EXPECT_EQ(task->image, "registry.example/nginx:1.27");
    EXPECT_FALSE(task->privileged);
    EXPECT_GT(task->made, 0);
    EXPECT_THAT(task->labels,
                ElementsAre(Pair("io.kubernetes.container.name", "web"), Pair("io.kubernetes.pod.name", "web-5d9c"),
                            Pair("io.kubernetes.pod.namespace", "shop"), Pair("io.kubernetes.sandbox.id", "77aa")));
    ASSERT_EQ(task->mounts.size(), 2U);  // /proc is the container's own
    EXPECT_EQ(task->mounts[0].destination, "/etc/hosts");
    EXPECT_FALSE(task->mounts[0].writable);
    EXPECT_EQ(task->mounts[1].source, "/srv/data");
    EXPECT_TRUE(task->mounts[1].writable);
    EXPECT_EQ(task->mounts[1].propagation, "rslave");
}

TEST(ContainerdTask, ThePausedContainerOfAPodGoesByThePodsName) {
    const auto task = decode_containerd_task(
        R"({"annotations": {"io.kubernetes.cri.container-type": "sandbox", "io.kubernetes.cri.sandbox-name": "web-5d9c"}})");
    ASSERT_TRUE(task);
    EXPECT_EQ(task->name, "web-5d9c");
}

TEST(ContainerdTask, AllDevicesWithTheAdministratorsCapabilityArePrivileged) {
    const auto task = decode_containerd_task(R"({"process": {"capabilities": {"bounding": ["CAP_SYS_ADMIN"]}},
        "linux": {"resources": {"devices": [{"allow": true, "access": "rwm"}]}}, "annotations": {"nerdctl/name": "tool"}})");
    ASSERT_TRUE(task);
    EXPECT_TRUE(task->privileged);
    EXPECT_EQ(task->name, "tool");
    const auto one_device = decode_containerd_task(R"({"process": {"capabilities": {"bounding": ["CAP_SYS_ADMIN"]}},
        "linux": {"resources": {"devices": [{"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rwm"}]}}})");
    EXPECT_FALSE(one_device->privileged);
}

TEST(ContainerdTask, DockersOwnAndWhatIsNoTaskAreNotFound) {
    const TemporaryTree tree;
    EXPECT_FALSE(find_containerd_task(tree.root(), kId));
    tree.write(at("moby", kId), kOfKubernetes);
    EXPECT_FALSE(find_containerd_task(tree.root(), kId));
    tree.write(at("default", kId), "{ no settings");
    EXPECT_FALSE(find_containerd_task(tree.root(), kId));
    tree.write("/run/containerd/config.json", kOfKubernetes);
    EXPECT_FALSE(find_containerd_task(tree.root(), "../.."));
}

}  // namespace
}  // namespace plimsoll::host
