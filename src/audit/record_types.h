#pragma once

#include <cstdint>

namespace plimsoll::audit {

/// Numbers of the record types that code asks for by name: the kernel's (linux/audit.h) and those of programs (the
/// ranges 1100 to 1299 and 2100 to 2999, which no kernel header names). type_name() knows all the others too.
enum RecordType : std::uint32_t {
    kNoType = 0,
    kLogin = 1006,
    kUserAuth = 1100,
    kUserMgmt = 1102,
    kUserAvc = 1107,
    kUserChauthtok = 1108,
    kUsysConfig = 1111,
    kUserLogin = 1112,
    kAddUser = 1114,
    kAddGroup = 1116,
    kDelGroup = 1117,
    kChgrpId = 1119,
    kTrustedApp = 1121,
    kUserCmd = 1123,
    kUserTty = 1124,
    kGrpMgmt = 1132,
    kGrpChauthtok = 1133,
    kDaemonFirst = 1200,
    kDaemonConfig = 1203,
    kDaemonLast = 1299,
    kSyscall = 1300,
    kPath = 1302,
    kConfigChange = 1305,
    kSockaddr = 1306,
    kCwd = 1307,
    kExecve = 1309,
    kMqOpen = 1312,
    kObjPid = 1318,
    kTty = 1319,
    kEoe = 1320,
    kBprmFcaps = 1321,
    kNetfilterPacket = 1324,
    kNetfilterCfg = 1325,
    kSeccomp = 1326,
    kProctitle = 1327,
    kFeatureChange = 1328,
    kEventListener = 1335,
    kUringop = 1336,
    kOpenat2 = 1337,
    kAvc = 1400,
    kMacPolicyLoad = 1403,
    kMacConfigChange = 1405,
    kMacLast = 1419,
    kRoleAssign = 2301,
    kRoleRemove = 2302,
    kUserMacPolicyLoad = 2310,
    kRoleModify = 2311,
    kUserMacConfigChange = 2312,
    kCryptoKeyUser = 2404,
};

}  // namespace plimsoll::audit
