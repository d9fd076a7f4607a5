#include "source/journal/daemon_log_source.h"

#include <gtest/gtest.h>

#include "host/temporary_tree.h"
#include "source/journal/journal.h"

namespace plimsoll::source {
namespace {

TEST(Journal, AMachineThatKeepsNoneIsToldFromOneThatIsQuiet) {
    const host::TemporaryTree tree;
    const std::vector<std::string> folders = {tree.at("/run/log/journal"), tree.at("/var/log/journal")};
    EXPECT_FALSE(holds_journal(folders));
    tree.write("/var/log/journal/README", "");
    EXPECT_FALSE(holds_journal(folders)) << "an empty folder is there on machines without systemd as well";
    tree.write("/var/log/journal/0123456789abcdef/system.journal", "");
    EXPECT_TRUE(holds_journal(folders));
}

}  // namespace
}  // namespace plimsoll::source
