/* Stands in for Logtail on Windows, for tests alone: installed as logtail_daemon.exe it is a service that starts the worker of its
 * version beside it and ends it with itself; as ilogtail_worker.exe it is the worker, which only lives. With the name of a service
 * and a number it sets that service's start type, which Wine's sc cannot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static SERVICE_STATUS_HANDLE handle;
static HANDLE stopped, worker;
static const char *name = "LogtailDaemon";

static void tell(DWORD state)
{
    SERVICE_STATUS status = {0};
    status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    status.dwCurrentState = state;
    status.dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP : 0;
    SetServiceStatus(handle, &status);
}

static void WINAPI control(DWORD code)
{
    if (code == SERVICE_CONTROL_STOP) {
        if (worker) {
            TerminateProcess(worker, 0);
            WaitForSingleObject(worker, INFINITE);
        }
        tell(SERVICE_STOPPED);
        SetEvent(stopped);
    }
}

static void start_worker(void)
{
    char path[MAX_PATH];
    STARTUPINFOA startup = {sizeof startup};
    PROCESS_INFORMATION process;
    GetModuleFileNameA(NULL, path, sizeof path);
    strcpy(strrchr(path, '\\') + 1, "1.6.1.0\\ilogtail_worker.exe");
    if (CreateProcessA(path, NULL, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process))
        worker = process.hProcess;
}

static void WINAPI serve(DWORD count, char **arguments)
{
    handle = RegisterServiceCtrlHandlerA(name, control);
    /* First the worker: who is told that the service runs may stop it. */
    start_worker();
    tell(SERVICE_RUNNING);
    WaitForSingleObject(stopped, INFINITE);
}

static int set_start_type(const char *service, DWORD type)
{
    SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE opened = OpenServiceA(manager, service, SERVICE_CHANGE_CONFIG);
    if (opened && ChangeServiceConfigA(opened, SERVICE_NO_CHANGE, type, SERVICE_NO_CHANGE, NULL, NULL, NULL, NULL, NULL, NULL, NULL))
        return 0;
    return (int)GetLastError();
}

int main(int count, char **arguments)
{
    char path[MAX_PATH];
    if (count == 3)
        return set_start_type(arguments[1], (DWORD)atoi(arguments[2]));
    GetModuleFileNameA(NULL, path, sizeof path);
    stopped = CreateEventA(NULL, TRUE, FALSE, NULL);
    if (strstr(path, "worker")) {
        WaitForSingleObject(stopped, INFINITE);
        return 0;
    }
    SERVICE_TABLE_ENTRYA table[] = {{(char *)name, serve}, {NULL, NULL}};
    return StartServiceCtrlDispatcherA(table) ? 0 : (int)GetLastError();
}
