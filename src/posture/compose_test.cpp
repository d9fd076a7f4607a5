#include "posture/compose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "host/temporary_tree.h"
#include "posture/compose_interpolate.h"

namespace plimsoll::posture {
namespace {

using model::Facts;
using model::FieldKey;
using model::Reading;
using model::SubjectKind;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A project in a tree of its own; files lie in /srv/app.
class Compose : public testing::Test {
protected:
    Inventory read(std::string_view yaml, std::map<std::string, std::string, std::less<>> environment = {}) {
        tree_.write("/srv/app/compose.yaml", yaml);
        return read_files({"/srv/app/compose.yaml"}, std::move(environment));
    }

    Inventory read_files(std::vector<std::string> files,
                         std::map<std::string, std::string, std::less<>> environment = {}) {
        auto inventory = gather_compose({.files = std::move(files),
                                         .project_directory = {},
                                         .project_name = {},
                                         .environment = std::move(environment),
                                         .root = tree_.root(),
                                         .now = 0});
        EXPECT_TRUE(inventory) << inventory.error().message;
        return inventory ? std::move(*inventory) : Inventory{};
    }

    std::string error_of(std::string_view yaml) {
        tree_.write("/srv/app/compose.yaml", yaml);
        const auto inventory = gather_compose({.files = {"/srv/app/compose.yaml"},
                                               .project_directory = {},
                                               .project_name = {},
                                               .environment = {},
                                               .root = tree_.root(),
                                               .now = 0});
        return inventory ? "" : inventory.error().message;
    }

    host::TemporaryTree tree_;
};

const Facts& find(const Inventory& inventory, SubjectKind kind, std::string_view name) {
    for (const Facts& facts : inventory.store.all()) {
        if (facts.kind() == kind && facts.name() == name) return facts;
    }
    ADD_FAILURE() << "no " << model::to_text(kind) << " " << name;
    return inventory.store.all().front();
}

std::vector<const Facts*> items(const Inventory& inventory, SubjectKind kind) {
    std::vector<const Facts*> all;
    for (const Facts& facts : inventory.store.all()) {
        if (facts.kind() == kind) all.push_back(&facts);
    }
    return all;
}

std::vector<std::string> list(const Facts& facts, FieldKey field) {
    std::vector<std::string> all;
    for (const auto& value : facts.read(field.id(), {}).values) all.push_back(model::to_text(value));
    return all;
}

std::string value(const Facts& facts, FieldKey field) {
    const Reading reading = facts.read(field.id(), {});
    if (reading.state == Reading::State::unknown) return "unknown: " + std::string(reading.reason);
    return reading.values.empty() ? "absent" : model::to_text(reading.values.front());
}

TEST_F(Compose, a_service_is_judged_as_the_container_that_it_will_be) {
    const Inventory inventory = read(R"(
services:
  web:
    image: nginx:1.25
    privileged: true
    user: "1000:0"
    cap_add: [SYS_ADMIN]
    cap_drop: [ALL]
    security_opt: [no-new-privileges:true, "apparmor=unconfined"]
    network_mode: host
    pid: host
    ipc: service:db
    userns_mode: host
    read_only: true
    mem_limit: 512m
    cpus: 0.5
    pids_limit: 100
    restart: on-failure:3
    ulimits: {nproc: 100, nofile: {soft: 10, hard: 20}}
    sysctls: [net.core.somaxconn=1024]
    logging: {driver: json-file, options: {max-size: 10m}}
    healthcheck: {test: curl localhost}
    devices: ["/dev/kmsg:/dev/kmsg:r"]
    group_add: [docker]
  db:
    image: postgres
)");
    EXPECT_THAT(inventory.problems, IsEmpty());
    const Facts& web = find(inventory, SubjectKind::container, "web");
    EXPECT_EQ(value(web, "container.privileged"), "true");
    EXPECT_EQ(value(web, "container.user.uid"), "1000");
    EXPECT_EQ(value(web, "container.group.root"), "true");
    EXPECT_EQ(value(web, "container.no_new_privileges"), "true");
    EXPECT_EQ(value(web, "container.host_network"), "true");
    EXPECT_EQ(value(web, "container.host_pid"), "true");
    EXPECT_EQ(value(web, "container.ns.ipc"), "container:db");
    EXPECT_EQ(value(web, "container.ns.user"), "host");
    EXPECT_EQ(value(web, "container.rootfs.readonly"), "true");
    EXPECT_EQ(value(web, "container.memory.limit"), "536870912");
    EXPECT_EQ(value(web, "container.cpu.limited"), "true");
    EXPECT_EQ(value(web, "container.pids.limit"), "100");
    EXPECT_EQ(value(web, "container.restart.policy"), "on-failure");
    EXPECT_EQ(value(web, "container.restart.max_retries"), "3");
    EXPECT_THAT(list(web, "container.ulimits"), ElementsAre("nproc=100:100", "nofile=10:20"));
    EXPECT_THAT(list(web, "container.sysctls"), ElementsAre("net.core.somaxconn=1024"));
    EXPECT_EQ(value(web, "container.log.rotated"), "true");
    EXPECT_EQ(value(web, "container.healthcheck"), "curl localhost");
    EXPECT_EQ(value(web, "container.state"), "compose");
    EXPECT_EQ(value(web, "container.running"), "false");
    EXPECT_EQ(value(web, "container.origin"), "/srv/app/compose.yaml");
    EXPECT_EQ(value(web, "container.image.tag"), "1.25");
    EXPECT_EQ(web.origin(FieldKey("container.privileged").id(), {}),
              "/srv/app/compose.yaml:3 services.web HostConfig.Privileged");
    EXPECT_THAT(list(web, "container.devices"), ElementsAre("/dev/kmsg"));
    EXPECT_EQ(value(find(inventory, SubjectKind::container, "db"), "container.image.latest"), "true");
}

TEST_F(Compose, what_the_file_cannot_know_is_unknown_and_documented_defaults_say_so) {
    const Inventory inventory = read("services:\n  web:\n    image: nginx\n");
    const Facts& web = find(inventory, SubjectKind::container, "web");
    EXPECT_THAT(value(web, "container.user.root"), HasSubstr("unknown: the file names no user"));
    EXPECT_THAT(value(web, "container.apparmor"), HasSubstr("a compose file says nothing about the daemon"));
    EXPECT_THAT(value(web, "container.healthcheck"), HasSubstr("unknown"));
    EXPECT_THAT(value(web, "host.cgroup.version"), HasSubstr("a compose file says nothing about its host"));
    EXPECT_EQ(value(web, "container.seccomp"), "default");
    EXPECT_EQ(value(web, "container.no_new_privileges"), "false");
    EXPECT_THAT(std::string(web.origin(FieldKey("container.no_new_privileges").id(), {})),
                HasSubstr("documented default"));
    EXPECT_EQ(value(web, "container.process.count"), "absent");
}

TEST_F(Compose, mounts_of_all_syntaxes_reach_what_they_reach) {
    tree_.write("/srv/app/key.pem", "x");
    const Inventory inventory = read(R"(
services:
  web:
    image: nginx
    volumes:
      - /var/run/docker.sock:/sock:ro
      - ./data:/data
      - ~/.ssh:/keys
      - named:/named
      - etc:/host-etc
      - /anonymous
      - {type: bind, source: /, target: /host, bind: {propagation: rshared}}
      - {type: tmpfs, target: /scratch, tmpfs: {size: 64m}}
    tmpfs: /run:exec
    secrets: [key]
volumes:
  named:
  etc: {driver_opts: {type: none, o: bind, device: /etc}}
secrets:
  key: {file: ./key.pem}
)",
                                     {{"HOME", "/root"}});
    EXPECT_THAT(inventory.problems, IsEmpty());
    const Facts& web = find(inventory, SubjectKind::container, "web");
    EXPECT_THAT(list(web, "container.mounts.sockets"), Contains("docker"));
    EXPECT_EQ(value(find(inventory, SubjectKind::mount, "/var/run/docker.sock → /sock"), "mount.writable"), "false");
    EXPECT_EQ(value(find(inventory, SubjectKind::mount, "/srv/app/data → /data"), "mount.type"), "bind");
    EXPECT_THAT(list(find(inventory, SubjectKind::mount, "/root/.ssh → /keys"), "mount.reaches"), Contains("ssh-keys"));
    EXPECT_EQ(value(find(inventory, SubjectKind::mount, "volume → /named"), "mount.volume"), "app_named");
    EXPECT_THAT(list(find(inventory, SubjectKind::mount, "/etc → /host-etc"), "mount.reaches"), Contains("etc"));
    EXPECT_EQ(value(find(inventory, SubjectKind::mount, "/ → /host"), "mount.propagation"), "rshared");
    EXPECT_EQ(value(find(inventory, SubjectKind::mount, "tmpfs → /scratch"), "mount.unbounded"), "false");
    EXPECT_EQ(value(find(inventory, SubjectKind::mount, "tmpfs → /run"), "mount.exec"), "true");
    EXPECT_EQ(value(find(inventory, SubjectKind::mount, "/srv/app/key.pem → /run/secrets/key"), "mount.writable"),
              "false");
    EXPECT_THAT(list(find(inventory, SubjectKind::volume, "app_etc"), "volume.reaches"), Contains("etc"));
    EXPECT_EQ(value(find(inventory, SubjectKind::volume, "app_named"), "volume.used"), "true");
}

TEST_F(Compose, ports_of_all_syntaxes_are_published_where_they_say) {
    const Inventory inventory = read(R"(
services:
  web:
    image: nginx
    ports: ["80:8080", "127.0.0.1:5432:5432", "[::1]:6000:6000/udp", "9000-9001:9000-9001", "3000", {target: 443, published: "8443", host_ip: 10.0.0.1}]
)");
    std::vector<std::string> names;
    for (const Facts* port : items(inventory, SubjectKind::port)) names.emplace_back(port->name());
    EXPECT_THAT(names, testing::UnorderedElementsAre("*:80 → 8080/tcp", "127.0.0.1:5432 → 5432/tcp",
                                                     "::1:6000 → 6000/udp", "*:9000 → 9000/tcp", "*:9001 → 9001/tcp",
                                                     "*:any → 3000/tcp", "10.0.0.1:8443 → 443/tcp"));
    EXPECT_EQ(value(find(inventory, SubjectKind::container, "web"), "container.ports.exposed_wildcard"), "true");
}

TEST_F(Compose, variables_come_from_the_environment_then_env_files_then_defaults) {
    tree_.write("/srv/app/.env", "TAG=from-file\nSOCKET=/run/x.sock\n");
    tree_.write("/srv/app/web.env", "export DB_PASSWORD=\"hunter2hunter2\" # not shown\nSEEN=1\n");
    const Inventory inventory = read(R"(
services:
  web:
    image: "app:${TAG}"
    env_file: web.env
    environment: [SEEN=2, PLAIN]
    volumes: ["${SOCKET}:/s", "${NONE:-/etc}:/e"]
    labels: {cost: "5$$"}
    privileged: ${MISSING}
    user: ${MUST:?give a user}
)",
                                     {{"TAG", "2.0"}, {"PLAIN", "yes"}});
    const Facts& web = find(inventory, SubjectKind::container, "web");
    EXPECT_EQ(value(web, "container.image.tag"), "2.0");
    EXPECT_THAT(list(web, "container.mounts.reach"), Contains("etc"));
    EXPECT_EQ(value(find(inventory, SubjectKind::env, "DB_PASSWORD"), "env.secret"), "true");
    EXPECT_EQ(items(inventory, SubjectKind::env).size(), 3U);
    EXPECT_THAT(value(web, "container.labels"), HasSubstr("cost:5$"));
    EXPECT_THAT(inventory.problems, Contains(HasSubstr("/srv/app/compose.yaml:9:17: the variable MISSING is not set")));
    EXPECT_THAT(inventory.problems, Contains(HasSubstr("required variable MUST is missing a value: give a user")));
    for (const std::string& problem : inventory.problems) EXPECT_THAT(problem, testing::Not(HasSubstr("hunter2")));
}

TEST(Interpolate, follows_the_forms_of_compose) {
    const Variables variables = {{"A", "1"}, {"E", ""}};
    const auto text = [&](std::string_view of) { return interpolate(of, variables).text; };
    EXPECT_EQ(text("$A-${A}-$$A"), "1-1-$A");
    EXPECT_EQ(text("${E:-d}|${E-d}|${N-d}|${N:-${A}x}"), "d||d|1x");
    EXPECT_EQ(text("${A:+y}|${E:+y}|${E+y}|${N+y}"), "y||y|");
    EXPECT_THAT(interpolate("${N}", variables).unset, ElementsAre("N"));
    EXPECT_EQ(interpolate("${E:?empty}", variables).problems.size(), 1U);
    EXPECT_EQ(interpolate("100$ and ${", variables).problems.size(), 2U);
}

TEST_F(Compose, anchors_and_merge_keys_are_written_out) {
    const Inventory inventory = read(R"(
x-base: &base
  privileged: true
  image: base
services:
  web:
    <<: *base
    image: web
)");
    const Facts& web = find(inventory, SubjectKind::container, "web");
    EXPECT_EQ(value(web, "container.privileged"), "true");
    EXPECT_EQ(value(web, "container.image"), "web");
}

TEST_F(Compose, services_extend_others_of_this_file_and_of_others) {
    tree_.write("/srv/common/base.yaml",
                "services:\n  base:\n    image: base\n    volumes: ['./etc:/cfg']\n    cap_add: [NET_ADMIN]\n");
    const Inventory inventory = read(R"(
services:
  near: {image: near, cap_add: [SYS_ADMIN], extends: {file: ../common/base.yaml, service: base}}
  web: {extends: near, privileged: true}
)");
    EXPECT_THAT(inventory.problems, IsEmpty());
    const Facts& web = find(inventory, SubjectKind::container, "web");
    EXPECT_EQ(value(web, "container.image"), "near");
    EXPECT_THAT(list(web, "container.caps.added"), testing::UnorderedElementsAre("CAP_NET_ADMIN", "CAP_SYS_ADMIN"));
    EXPECT_EQ(value(*items(inventory, SubjectKind::mount).front(), "mount.source"), "/srv/common/etc");
    EXPECT_THAT(error_of("services:\n  a: {image: x, extends: b}\n  b: {image: x, extends: a}\n"), HasSubstr("circle"));
}

TEST_F(Compose, later_files_go_on_top_of_earlier_ones) {
    tree_.write("/srv/app/a.yaml",
                "services:\n  web:\n    image: one\n    ports: ['80:80']\n    environment: [A=1, B=1]\n    volumes: "
                "['/etc:/x']\n    cap_add: [NET_ADMIN]\n    command: [a]\n");
    tree_.write("/srv/app/b.yaml",
                "services:\n  web:\n    image: two\n    ports: !override ['81:81']\n    environment: {B: 2}\n    "
                "volumes: ['/srv:/x:ro']\n    cap_add: !reset []\n  db: {image: db}\n");
    const Inventory inventory = read_files({"/srv/app/a.yaml", "/srv/app/b.yaml"});
    EXPECT_THAT(inventory.problems, IsEmpty());
    const Facts& web = find(inventory, SubjectKind::container, "web");
    EXPECT_EQ(value(web, "container.image"), "two");
    EXPECT_THAT(list(web, "container.caps.added"), IsEmpty());
    ASSERT_EQ(items(inventory, SubjectKind::port).size(), 1U);
    EXPECT_EQ(items(inventory, SubjectKind::port).front()->name(), "*:81 → 81/tcp");
    EXPECT_EQ(items(inventory, SubjectKind::env).size(), 2U);
    ASSERT_EQ(items(inventory, SubjectKind::mount).size(), 1U);
    EXPECT_EQ(value(*items(inventory, SubjectKind::mount).front(), "mount.source"), "/srv");
    find(inventory, SubjectKind::container, "db");
}

TEST_F(Compose, a_seccomp_profile_is_judged_by_its_body) {
    tree_.write("/srv/app/open.json", R"({"defaultAction": "SCMP_ACT_ALLOW"})");
    const Inventory inventory = read(
        "services:\n  web:\n    image: a\n    security_opt: ['seccomp:./open.json']\n  gone:\n    image: a\n    "
        "security_opt: ['seccomp=none.json']\n");
    const Facts& web = find(inventory, SubjectKind::container, "web");
    EXPECT_EQ(value(web, "container.seccomp"), "custom");
    EXPECT_EQ(value(web, "container.seccomp.permissive"), "true");
    EXPECT_THAT(value(find(inventory, SubjectKind::container, "gone"), "container.seccomp.permissive"),
                HasSubstr("unknown"));
    EXPECT_THAT(
        inventory.problems,
        Contains(HasSubstr("compose.yaml:7:19: services.gone.security_opt: the seccomp profile cannot be judged")));
}

TEST_F(Compose, what_is_not_read_is_named_with_its_place) {
    const Inventory inventory = read(
        "include: [other.yaml]\nservices:\n  web:\n    image: a\n    frobnicate: 1\n    x-mine: 1\n    networks: "
        "[nowhere]\n    mem_limit: lots\n    ports: [none]\n    volumes: [undefined:/x]\n");
    EXPECT_THAT(inventory.problems,
                testing::UnorderedElementsAre(
                    HasSubstr("compose.yaml:1:10: include is not read"),
                    HasSubstr("compose.yaml:5:5: services.web.frobnicate: this key is not read"),
                    HasSubstr("compose.yaml:7:16: services.web.networks: the network 'nowhere' is not defined"),
                    HasSubstr("compose.yaml:8:16: services.web.mem_limit: 'lots' is no size"),
                    HasSubstr("compose.yaml:9:13: ports: 'none' is not"),
                    HasSubstr("compose.yaml:10:15: services.web.volumes: the volume 'undefined' is not defined")));
}

TEST_F(Compose, a_value_of_the_wrong_kind_is_named_and_still_judged_where_its_meaning_is_plain) {
    const Inventory inventory = read(
        "services:\n  web:\n    image: a\n    volumes: /:/host\n    devices: /dev/sda\n    cap_add: SYS_ADMIN\n    "
        "ports: {a: b}\n    deploy: 7\n    networks: front\nnetworks: [front]\nvolumes: 5\n");
    EXPECT_THAT(inventory.problems,
                testing::IsSupersetOf({HasSubstr("compose.yaml:4:14: volumes: expected a list"),
                                       HasSubstr("compose.yaml:5:14: devices: expected a list"),
                                       HasSubstr("compose.yaml:6:14: cap_add: expected a list"),
                                       HasSubstr("compose.yaml:7:12: ports: expected a list"),
                                       HasSubstr("compose.yaml:8:13: deploy: expected a map"),
                                       HasSubstr("compose.yaml:9:15: networks: expected a map or a list"),
                                       HasSubstr("compose.yaml:10:11: networks: expected a map"),
                                       HasSubstr("compose.yaml:11:10: volumes: expected a map")}));
    const Facts& web = find(inventory, SubjectKind::container, "web");
    EXPECT_EQ(value(*items(inventory, SubjectKind::mount).front(), "mount.source"), "/");
    EXPECT_THAT(list(web, "container.caps.added"), ElementsAre("CAP_SYS_ADMIN"));
    EXPECT_THAT(list(web, "container.devices"), Contains(HasSubstr("/dev/sda")));
    EXPECT_THAT(list(web, "container.networks"), ElementsAre("app_front"));
}

TEST_F(Compose, unknown_keys_below_deploy_build_healthcheck_and_mounts_are_named) {
    const Inventory inventory = read(R"(services:
  web:
    build: {context: ., contxt: .}
    deploy: {resource: {}, resources: {limit: {}, limits: 3}}
    healthcheck: {tset: [a]}
    volumes: [{type: bind, source: /x, target: /y, bind: {propagate: shared}}, [a]]
)");
    EXPECT_THAT(inventory.problems,
                testing::UnorderedElementsAre(
                    HasSubstr("build: 'contxt' is not read"), HasSubstr("deploy: 'resource' is not read"),
                    HasSubstr("deploy: 'limit' is not read"),
                    HasSubstr("compose.yaml:4:59: services.web.deploy: expected a map"),
                    HasSubstr("healthcheck: 'tset' is not read"), HasSubstr("volumes.bind: 'propagate' is not read"),
                    HasSubstr("volumes: an item that is neither text nor map")));
}

TEST_F(Compose, networks_and_deploy_settings_are_read) {
    const Inventory inventory = read(R"(
services:
  web:
    image: a
    networks: [front, old]
    deploy:
      resources: {limits: {memory: 1g, pids: 50}, reservations: {devices: [{driver: nvidia, capabilities: [gpu]}]}}
      restart_policy: {condition: any}
networks:
  front: {internal: true, driver_opts: {com.docker.network.bridge.enable_icc: "false"}}
  old: {external: true}
  idle:
)");
    EXPECT_THAT(inventory.problems, IsEmpty());
    const Facts& web = find(inventory, SubjectKind::container, "web");
    EXPECT_THAT(list(web, "container.networks"), ElementsAre("app_front", "old"));
    EXPECT_EQ(value(web, "container.memory.limit"), "1073741824");
    EXPECT_EQ(value(web, "container.restart.policy"), "unless-stopped");
    EXPECT_THAT(list(web, "container.device_requests"), ElementsAre("nvidia:gpu"));
    const Facts& front = find(inventory, SubjectKind::network, "app_front");
    EXPECT_EQ(value(front, "network.internal"), "true");
    EXPECT_EQ(value(front, "network.icc"), "false");
    EXPECT_EQ(value(front, "network.used"), "true");
    EXPECT_EQ(value(find(inventory, SubjectKind::network, "app_idle"), "network.used"), "false");
    EXPECT_EQ(items(inventory, SubjectKind::network).size(), 2U);
}

TEST_F(Compose, hostile_files_end_in_an_error_with_a_place) {
    EXPECT_THAT(error_of("services:\n  web: [unclosed\n"), HasSubstr("/srv/app/compose.yaml:3:1"));
    EXPECT_THAT(error_of("- a\n"), HasSubstr("not a compose file"));
    EXPECT_THAT(error_of(""), HasSubstr("not a compose file"));
    std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 9; ++i) {
        const std::string last = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
        for (int j = 0; j < 9; ++j) bomb += "," + last;
        bomb += "]\n";
    }
    EXPECT_THAT(error_of(bomb), HasSubstr("more than"));
    EXPECT_THAT(error_of(std::string(100'000, '[')), HasSubstr("/srv/app/compose.yaml:1:"));
    EXPECT_THAT(error_of(std::string(2'000'000, 'a')), HasSubstr("compose.yaml"));
}

}  // namespace
}  // namespace plimsoll::posture
